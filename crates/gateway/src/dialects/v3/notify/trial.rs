//! The message with which a merchant tries its receiver (contract, section 12).

use jiff::SignedDuration;
use std::sync::Arc;

use florin_engine::announce::Announcement;
use florin_engine::directory::Credential;
use florin_engine::{Engine, Form, Verb};
use florin_kernel::ports::Lane;
use serde::Serialize;

use super::super::codes::{Code, Set};
use super::super::document::Document;
use super::super::mounts::{Mount, Profile};
use super::super::settings::{NotificationForm, Settings};
use super::super::stamp::Envelope;
use super::super::wire::{CONTENT_TYPE_JSON, ErrorBody};
use super::Receiver;

/// The plain text of an encrypted one.
#[derive(Serialize)]
struct Trial {
    r#type: &'static str,
    action: &'static str,
    payload: ErrorBody,
}

/// The message, in the form that the credential's notifications have.
pub(super) fn message(credential: &Arc<Credential>, engine: &Engine) -> Option<Announcement> {
    let settings = Settings::of(credential);
    if settings.notification_url.is_empty() {
        return None;
    }
    let entity = settings.entity_ids.first().cloned().unwrap_or_default();
    // The one code that says that nothing but the way is tried, in whichever words the credential has.
    let envelope = Envelope {
        profile: Profile::V3,
        set: Set::Oppwa,
        format: settings.timestamp_format,
        declines: settings.decline_status(Profile::V3),
        entity: entity.clone(),
        now: engine.now(Lane::of(credential.merchant, credential.mode)),
    };
    let payload = ErrorBody::new(&envelope, Code::of("000.100.110"), None);
    let url = settings.notification_url.clone();
    let (form, body) = match settings.notification_form {
        NotificationForm::Get => {
            (Form { verb: Verb::Get, content_type: "".into(), headers: Vec::new() }, String::new())
        }
        NotificationForm::Json | NotificationForm::Auto => {
            (Form { content_type: CONTENT_TYPE_JSON.into(), ..Form::default() }, payload.text())
        }
        NotificationForm::Encrypted => {
            let mount = Mount { prefix: String::new(), profile: Profile::V3 };
            let document = Document::blank(&entity, &mount, settings.result_codes);
            let form = NotificationForm::Encrypted;
            let receiver =
                Receiver { engine, credential: credential.clone(), url: url.clone(), settings, document, form };
            let trial = Trial { r#type: "test", action: "webhook activation", payload };
            let plain = serde_json::to_string(&trial).expect("a trial has string keys and plain values only");
            receiver.encrypted(&plain)?
        }
    };
    Some(Announcement { status: None, url, form, body, credential: credential.id, delay: SignedDuration::ZERO })
}

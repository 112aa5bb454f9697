//! What every answer ends with: which build speaks, when, and a trace id (contract, section 6); and what a refusal is written on.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use florin_engine::Engine;
use florin_kernel::PaymentId;
use florin_kernel::Timestamp;

use super::codes::Set;
use super::mounts::Profile;
use super::settings::{DeclineStatus, TimestampFormat};

/// `{40 hex commit}@{YYYY-MM-DD HH:MM:SS} +0000`, as the build script found it.
pub const BUILD_NUMBER: &str = env!("FLORIN_BUILD_NUMBER");

/// A time as a mount writes it.
pub fn timestamp(at: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::Iso => at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        TimestampFormat::Oppwa => at.strftime("%Y-%m-%d %H:%M:%S+0000").to_string(),
    }
}

/// The trace id of a transaction, the same in every answer about it: `EB000001_{32 hex}`.
pub fn ndc_of(engine: &Engine, entity: &str, payment: PaymentId, sequence: u16) -> String {
    let digest = engine.digest(&[b"ndc", &payment.number().to_be_bytes(), &sequence.to_be_bytes()]);
    with_entity(entity, u128::from_be_bytes(digest))
}

/// A trace id that no other answer has.
pub fn fresh_ndc(entity: &str) -> String {
    static SEED: LazyLock<u128> = LazyLock::new(|| {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).expect("the system's random source answers");
        u128::from_be_bytes(seed)
    });
    static COUNT: AtomicU64 = AtomicU64::new(1);
    // An odd factor permutes the 128-bit numbers: neighbours look unlike and never repeat.
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    with_entity(entity, count.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ *SEED)
}

fn with_entity(entity: &str, number: u128) -> String {
    match entity {
        "" => format!("{number:032x}"),
        entity => format!("{entity}_{number:032x}"),
    }
}

/// What an answer that is about no transaction is written on. It learns more while a request is read.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Which clients the mount is for.
    pub profile: Profile,
    /// Whose words.
    pub set: Set,
    /// How the time is written.
    pub format: TimestampFormat,
    /// When a decline is HTTP 400.
    pub declines: DeclineStatus,
    /// The entity, once it is known; else empty.
    pub entity: String,
    /// Now, by the merchant's clock once the merchant is known.
    pub now: Timestamp,
}

impl Envelope {
    /// For a request of which nothing is known but its mount.
    pub fn new(profile: Profile, now: Timestamp) -> Envelope {
        let (set, format, declines) = match profile {
            Profile::V3 => (Set::V3, TimestampFormat::Iso, DeclineStatus::Post),
            Profile::Oppwa => (Set::Oppwa, TimestampFormat::Oppwa, DeclineStatus::Never),
        };
        Envelope { profile, set, format, declines, entity: String::new(), now }
    }
}

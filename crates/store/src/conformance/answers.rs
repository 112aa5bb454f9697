//! Answers to requests about payments that were there already, and the forms in which events are sent.

use std::sync::Arc;

use florin_kernel::PaymentId;

use super::fixtures::{announcing, at, claim, commit, committed, event, inserting, payment};
use crate::{Answer, AnswerWrite, Changeset, Claim, Form, PaymentWrite, Store, Verb, Verdict};

fn answering(sequence: u16, body: &str, given_at: i64) -> AnswerWrite {
    let answer = Answer { status: 200, body: body.to_owned() };
    AnswerWrite { payment: PaymentId::from_number(1), sequence, at: at(given_at), answer }
}

/// An answer is kept per payment and request, in the commit of its payment; the first one stays, until it is purged.
pub async fn keeps_the_first_answer_of_each_request(store: Arc<dyn Store>) {
    committed(&store, inserting(&payment(1))).await;
    let told = |sequence| {
        let store = store.clone();
        async move { store.answer(PaymentId::from_number(1), sequence).await.unwrap().map(|answer| answer.body) }
    };
    let change = |version, answers| Changeset {
        claims: vec![Claim { sequence: version as u16, ..claim(version as u8, 0, 1) }],
        payments: vec![PaymentWrite::update(&payment(1), version)],
        answers,
        ..Changeset::default()
    };
    committed(&store, change(1, vec![answering(2, "first", 1), answering(1023, "cancelled", 5)])).await;
    committed(&store, change(2, vec![answering(2, "second", 9), answering(3, "other", 9)])).await;
    assert_eq!(
        commit(&store, Changeset { claims: Vec::new(), ..change(2, vec![answering(4, "never", 9)]) }).await,
        Verdict::Conflict
    );
    assert_eq!((told(2).await.as_deref(), told(3).await.as_deref()), (Some("first"), Some("other")));
    assert_eq!((told(1023).await.as_deref(), told(4).await), (Some("cancelled"), None));
    assert_eq!(store.claim([2; 16]).await.unwrap().map(|claim| claim.sequence), Some(2));
    assert_eq!(store.purge(at(5), 1).await.unwrap(), 1);
    assert_eq!((told(2).await, told(1023).await.as_deref()), (None, Some("cancelled")));
}

/// How an event is sent is read back as it was written.
pub async fn keeps_the_form_of_events(store: Arc<dyn Store>) {
    let headers = vec![("X-Initialization-Vector".to_owned(), "00".to_owned())];
    let forms = [
        Form::default(),
        Form { verb: Verb::Get, content_type: "".into(), headers: Vec::new() },
        Form { verb: Verb::Post, content_type: "text/plain".into(), headers },
    ];
    let events = (1..)
        .zip(&forms)
        .map(|(number, form)| crate::EventWrite { form: form.clone(), ..event(number, 1, "a:443", at(0)) });
    committed(&store, announcing(events.collect())).await;
    let read = store.events(PaymentId::from_number(1)).await.unwrap();
    assert_eq!(read.into_iter().map(|(event, _)| event.form).collect::<Vec<_>>(), forms);
    let due = store.due_events(at(1), 10, &[], &[]).await.unwrap();
    assert_eq!(due.into_iter().map(|event| event.form).collect::<Vec<_>>(), forms[..1]);
}

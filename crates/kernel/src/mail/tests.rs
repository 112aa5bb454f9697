//! An e-mail's few lives, as tables.

use super::*;

const HOUR: i64 = 3600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn mail() -> Mail {
    Mail {
        id: MailId::from_number(3),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        created_at: at(0),
        invoice: InvoiceId::from_number(2),
        message: Message { text: "a link".into(), html: "<p>a link</p>".into(), ..Message::default() },
        attempts: 0,
        state: State::Queued { due_at: at(0) },
        trouble: String::new(),
    }
}

/// Every attempt fails as soon as it is due: when each began, and when the last one was.
#[test]
fn is_tried_by_its_schedule_and_given_up() {
    let (mut mail, mut begun) = (mail(), Vec::new());
    while let Some(due_at) = mail.wake_at() {
        assert_eq!(mail.take(due_at - SignedDuration::from_secs(1)), None, "not before it is due");
        mail = mail.take(due_at).expect("due");
        begun.push(due_at.duration_since(at(0)).as_secs());
        mail = mail.end(Attempted::NotNow("451 busy".into()), due_at);
    }
    let due = [0, 60, 360, 2_160, 2_160 + 2 * HOUR, 2_160 + 14 * HOUR];
    assert_eq!(begun, due);
    assert_eq!((mail.word(), mail.trouble.as_str()), (Word::Failed, "451 busy"));
    assert_eq!((mail.message.text.as_str(), mail.message.html.as_str()), ("", ""), "the link is wiped");
}

#[test]
fn is_sent_once() {
    let taken = mail().take(at(0)).expect("due");
    assert_eq!(taken.take(at(1)), None, "an attempt is under way");
    let sent = taken.end(Attempted::Sent, at(2));
    assert_eq!((sent.word(), sent.message.text.as_str(), sent.wake_at()), (Word::Sent, "", None));
    assert_eq!(sent.end(Attempted::NotNow("too late".into()), at(3)), sent);
}

#[test]
fn is_not_tried_again_where_the_address_is_refused() {
    let taken = mail().take(at(0)).expect("due");
    let refused = taken.end(Attempted::Never("550 no such user".into()), at(1));
    assert_eq!((refused.word(), refused.wake_at()), (Word::Failed, None));
}

/// A process died while sending: another attempt begins when its time is over, and there is an end to that too.
#[test]
fn outlives_the_processes_that_send_it() {
    let (mut mail, mut attempts) = (mail(), 0);
    while let Some(due_at) = mail.wake_at() {
        mail = mail.take(due_at).expect("due");
        attempts += 1;
    }
    assert_eq!((attempts, mail.attempts, mail.word()), (7, 6, Word::Failed));
}

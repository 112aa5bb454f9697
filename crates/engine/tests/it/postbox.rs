//! A mail server that keeps what it is brought, or says no; and a dialect's clerk who writes the letters.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use florin_engine::Engine;
use florin_engine::invoices::Correspondent;
use florin_engine::mail::Mailer;
use florin_kernel::Timestamp;
use florin_kernel::invoice::{Invoice, Letter};
use florin_kernel::mail::{Attempted, Message};

#[derive(Default)]
pub struct Postbox {
    brought: Mutex<Vec<(String, Message)>>,
    /// What it says next; then it takes everything.
    says: Mutex<VecDeque<Attempted>>,
}

impl Postbox {
    pub fn will_say(&self, says: impl IntoIterator<Item = Attempted>) {
        self.says.lock().expect("no holder of the lock panics").extend(says);
    }

    /// The subjects of what it took, in order.
    pub fn subjects(&self) -> Vec<String> {
        let brought = self.brought.lock().expect("no holder of the lock panics");
        brought.iter().map(|(_, message)| message.subject.clone()).collect()
    }

    pub fn messages(&self) -> Vec<(String, Message)> {
        self.brought.lock().expect("no holder of the lock panics").clone()
    }
}

#[async_trait]
impl Mailer for Postbox {
    async fn carry(&self, reference: &str, message: &Message, _written_at: Timestamp) -> Attempted {
        let says = self.says.lock().expect("no holder of the lock panics").pop_front().unwrap_or(Attempted::Sent);
        if says == Attempted::Sent {
            let mut brought = self.brought.lock().expect("no holder of the lock panics");
            brought.push((reference.to_owned(), message.clone()));
        }
        says
    }
}

pub struct Clerk;

impl Correspondent for Clerk {
    fn message(&self, invoice: &Invoice, letter: Letter, engine: &Engine) -> Option<Message> {
        let reference = &invoice.details.reference;
        Some(Message {
            sender_name: "Shop".into(),
            name: invoice.details.payer.first_name.clone(),
            address: invoice.details.payer.email.clone(),
            subject: format!("{} {reference}", letter.text()),
            text: engine.invoice_secret(invoice),
            html: String::new(),
        })
    }
}

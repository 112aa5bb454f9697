//! A customer: whom a merchant has signed up, by name and address. Cards are stored for it under its number.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::payment::{Dialect, Mode};
use crate::{CustomerId, MerchantId, Record, RecordId, RecordKind};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was signed up; it is known only there.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// The decimal number that it is printed as.
    pub number: String,
    /// Who it is, as it was told last.
    pub person: Person,
}

/// Who a customer is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// First name.
    pub given_name: String,
    /// Family name.
    pub surname: String,
    /// E-mail address.
    pub email: String,
    /// As the merchant wrote it.
    pub sex: String,
    /// As the merchant wrote it.
    pub phone: String,
    /// `YYYY-MM-DD`
    pub birth_date: String,
    /// Its country's code.
    pub country: String,
    /// Its postcode.
    pub postcode: String,
}

impl Person {
    /// What is told now, with what was known before where nothing is.
    pub fn over(self, before: Person) -> Person {
        let or = |now: String, before: String| if now.is_empty() { before } else { now };
        Person {
            given_name: or(self.given_name, before.given_name),
            surname: or(self.surname, before.surname),
            email: or(self.email, before.email),
            sex: or(self.sex, before.sex),
            phone: or(self.phone, before.phone),
            birth_date: or(self.birth_date, before.birth_date),
            country: or(self.country, before.country),
            postcode: or(self.postcode, before.postcode),
        }
    }
}

impl Record for Customer {
    const KINDS: &'static [RecordKind] = &[RecordKind::Customer];

    fn kind(&self) -> RecordKind {
        RecordKind::Customer
    }

    fn record_id(&self) -> RecordId {
        self.id.record()
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        None
    }

    fn word_text(&self) -> &'static str {
        "registered"
    }
}

#[cfg(test)]
mod tests {
    use super::Person;

    #[test]
    fn what_is_not_told_again_stays() {
        let before = Person { surname: "Doe".into(), phone: "1".into(), ..Person::default() };
        let told = Person { surname: "Roe".into(), country: "GB".into(), ..Person::default() };
        let after = Person { surname: "Roe".into(), phone: "1".into(), country: "GB".into(), ..Person::default() };
        assert_eq!(told.over(before), after);
    }
}

//! The bytes of one payment request with a reference that changes, and the little of HTTP that reading answers needs.

use std::sync::atomic::{AtomicU64, Ordering};

/// References are distinct over all measurements of a run.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The digits of a reference that change.
const DIGITS: usize = 12;

/// A card payment in one of the dialects, ready to be sent again and again.
#[derive(Clone)]
pub struct PaymentRequest {
    bytes: Vec<u8>,
    digits_at: usize,
}

impl PaymentRequest {
    /// The request of the cashier contract's sample, without a webhook.
    pub fn cashier(host: &str, api_key: &str) -> PaymentRequest {
        let digits = "0".repeat(DIGITS);
        let body = format!(
            concat!(
                r#"{{"request":{{"mode":"test","routing_id":210,"user_id":"U123","tracking_id":"bench-{}","#,
                r#""ip":"127.34.125.54","amount":10.05,"currency":"EUR"}},"card_details":{{"holder_name":"John Doe","#,
                r#""card_number":"4111111111111111","cvc":"444","exp_month":"05","exp_year":"2025"}}}}"#
            ),
            digits
        );
        let head = format!(
            "POST /v1/payments/s2s HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {api_key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        PaymentRequest::of(head + &body)
    }

    /// The request of the v3 contract's sample, with the same card.
    pub fn v3(host: &str, entity_id: &str, token: &str) -> PaymentRequest {
        let body = format!(
            "entityId={entity_id}&amount=10.05&currency=EUR&paymentType=DB&paymentBrand=VISA&card.number=4111111111111111\
             &card.holder=John+Doe&card.expiryMonth=05&card.expiryYear=2034&card.cvv=444&customer.ip=127.34.125.54\
             &merchantTransactionId=bench-{}",
            "0".repeat(DIGITS)
        );
        let head = format!(
            "POST /v3/payments HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        PaymentRequest::of(head + &body)
    }

    fn of(text: String) -> PaymentRequest {
        let digits_at = text.rfind("bench-").map_or(0, |at| at + "bench-".len());
        PaymentRequest { bytes: text.into_bytes(), digits_at }
    }

    /// The bytes with a reference that no request had before.
    pub fn next(&mut self) -> &[u8] {
        let mut number = NEXT.fetch_add(1, Ordering::Relaxed);
        for digit in self.bytes[self.digits_at..self.digits_at + DIGITS].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        &self.bytes
    }
}

/// An answer that has arrived whole.
#[derive(Debug)]
pub struct Answer<'a> {
    head: &'a [u8],
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Reads an answer; `None` while bytes are missing.
    pub fn read(bytes: &'a [u8]) -> Option<Answer<'a>> {
        let head_length = find(bytes, b"\r\n\r\n")? + 4;
        let (head, rest) = bytes.split_at(head_length);
        let length: usize = header(head, b"content-length: ")?.parse().ok()?;
        (rest.len() >= length).then(|| Answer { head, body: &rest[..length] })
    }

    /// Whether it says that the payment has its money.
    pub fn is_successful(&self) -> bool {
        let says = |word: &[u8]| find(self.body, word).is_some();
        self.head.starts_with(b"HTTP/1.1 200 ") && (says(b"\"successful\"") || says(b"\"000.000.000\""))
    }

    /// Microseconds spent in the gateway, by its own account.
    pub fn gateway_micros(&self) -> Option<u64> {
        let timing = header(self.head, b"server-timing: ")?;
        let (_, rest) = timing.split_once("gw;dur=")?;
        let text = rest.split([';', ',', ' ']).next()?;
        let ms: f64 = text.parse().ok()?;
        Some((ms * 1000.0) as u64)
    }

    /// All of it, for a message about what went wrong.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.head).into_owned() + &String::from_utf8_lossy(self.body)
    }
}

/// The value of a header, given its lower-case name with colon and blank.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n')
        .find(|line| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name))
        .and_then(|line| std::str::from_utf8(&line[name.len()..]).ok())
        .map(str::trim)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::{Answer, PaymentRequest};

    #[test]
    fn requests_differ_in_their_reference_only() {
        let cashier = PaymentRequest::cashier("localhost", "key");
        for mut request in [cashier.clone(), PaymentRequest::v3("localhost", "EB000001", "token")] {
            let (first, second) = (request.next().to_vec(), request.next().to_vec());
            let differing = first.iter().zip(&second).filter(|(a, b)| a != b).count();
            assert!(differing >= 1 && first.len() == second.len());
            let text = String::from_utf8(first).expect("UTF-8");
            let (head, body) = text.split_once("\r\n\r\n").expect("a body");
            assert!(head.contains(&format!("Content-Length: {}", body.len())));
        }
        let text = String::from_utf8(cashier.bytes).expect("UTF-8");
        let (_, body) = text.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }

    #[test]
    fn answers_are_read_when_they_are_whole() {
        let text = "HTTP/1.1 200 OK\r\nServer-Timing: gw;dur=0.412\r\nContent-Length: 32\r\n\r\n\
                    {\"transaction_status\":\"successful\"}";
        let text = text.replace("32", "35");
        for cut in 0..text.len() {
            assert!(Answer::read(&text.as_bytes()[..cut]).is_none());
        }
        let answer = Answer::read(text.as_bytes()).expect("whole");
        assert!(answer.is_successful());
        assert_eq!(answer.gateway_micros(), Some(412));
    }
}

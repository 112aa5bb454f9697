use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_kernel::Timestamp;

use super::{Claims, Role, TokenFault, mac, read};

const KEY: [u8; 32] = [7; 32];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn claims() -> Claims {
    Claims::new("testdoc", Role::Merchant, "195", Some("11344"), "v1".to_owned(), at(1000))
}

#[test]
fn a_token_is_good_for_an_hour() {
    let token = claims().sign(&KEY);
    assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIi"), "{token}");
    assert_eq!(read(&KEY, &token, at(1000)), Ok(read(&KEY, &token, at(4599)).expect("in time")));
    let Err(TokenFault::Expired(expired)) = read(&KEY, &token, at(4600)) else { panic!("it has expired") };
    assert!(expired.is_renewable(at(4600 + 24 * 3600 - 1)) && !expired.is_renewable(at(4600 + 24 * 3600)));
    assert_ne!(claims().sign(&KEY), claims().sign(&KEY), "no two are alike");
}

#[test]
fn only_ours_are_believed() {
    let token = claims().sign(&KEY);
    let other_issuer = Claims { iss: "XX".to_owned(), ..claims() }.sign(&KEY);
    let (_, rest) = token.split_once('.').expect("a header");
    let (payload, _) = rest.split_once('.').expect("a signature");
    let unsigned = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let other_algorithm = {
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS512"}"#));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(&KEY, &signed).finalize_bytes()))
    };
    let forged = token.replace(payload, &URL_SAFE_NO_PAD.encode(r#"{"sub":"x","role":"partner"}"#));
    for text in ["", ".", "..", "a.b.c", &other_issuer, &unsigned, &other_algorithm, &forged, &token[..token.len() - 2]]
    {
        assert_eq!(read(&KEY, text, at(1000)), Err(TokenFault::Invalid), "{text}");
    }
    assert_eq!(read(&[8; 32], &token, at(1000)), Err(TokenFault::Invalid));
}

trait Bytes {
    fn finalize_bytes(self) -> Vec<u8>;
}

impl Bytes for hmac::Hmac<sha2::Sha256> {
    fn finalize_bytes(self) -> Vec<u8> {
        use hmac::Mac;
        self.finalize().into_bytes().to_vec()
    }
}

use super::{page_token, read_page_token};
use crate::keys::{Keyring, MasterKey};
use florin_kernel::PaymentId;
use florin_kernel::public_id::Reference;

#[test]
fn tokens_read_back_for_their_purpose_only() {
    let master = MasterKey::generate();
    let (codec, ring) = (master.codec(), Keyring::new(&master));
    for number in [1, 77, i64::MAX] {
        let reference = Reference { payment: PaymentId::from_number(number), sequence: 3 };
        let token = page_token(&codec, &ring, "3ds", reference);
        assert_eq!(token.len(), 50);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(read_page_token(&codec, &ring, "3ds", &token), Some(reference));
        assert_eq!(read_page_token(&codec, &ring, "receipt", &token), None);
        for place in 0..50 {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).expect("letters");
            assert_eq!(read_page_token(&codec, &ring, "3ds", &changed), None, "{place}");
        }
    }
    for text in ["", "z", &"z".repeat(50), &"0".repeat(50), &"é".repeat(25)] {
        assert_eq!(read_page_token(&codec, &ring, "3ds", text), None, "{text}");
    }
}

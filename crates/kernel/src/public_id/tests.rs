use proptest::prelude::*;

use super::{Codec, Reference};
use crate::PaymentId;

proptest! {
    #[test]
    fn every_form_reads_back(number in 1..i64::MAX, sequence in 0..1024_u16, key: [u8; 16]) {
        let codec = Codec::new(key, [7; 16]);
        let reference = Reference { payment: PaymentId::from_number(number), sequence };
        let text = codec.base36(reference);
        prop_assert_eq!(text.len(), 15);
        prop_assert!(text.as_bytes()[0].is_ascii_lowercase());
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        prop_assert_eq!(codec.read_base36(&text), Some(reference));
        prop_assert_eq!(codec.read_hex(&codec.hex(reference)), Some(reference));
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,40}", id in "[a-z][a-z0-9]{14}") {
        let codec = Codec::new([1; 16], [2; 16]);
        for text in [text, id] {
            if let Some(reference) = codec.read_base36(&text) {
                prop_assert_eq!(codec.base36(reference), text);
            }
        }
    }
}

#[test]
fn another_key_makes_other_ids() {
    let reference = Reference { payment: PaymentId::from_number(1), sequence: 0 };
    assert_ne!(Codec::new([1; 16], [0; 16]).base36(reference), Codec::new([2; 16], [0; 16]).base36(reference));
}

use florin_kernel::secret::Secret;

use super::signature;

/// The contract's test vector, section 13.
#[test]
fn the_contracts_vector() {
    let body = r#"{"event":"payment.confirmed","payment_id":"123e4567-e89b-12d3-a456-426614174000","pos_id":"POS1","status":"confirmed","amount":"0.00079744","currency":"BTC","timestamp":"2024-01-15T10:30:00Z","user":null,"address":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","reference_no":"12-23-456"}"#;
    assert_eq!(body.len(), 288);
    let secret = Secret::new("whsec_ZmxvcmluLWRlbW8td2ViaG9vay1rZXkh".into());
    assert_eq!(signature(body, &secret), "2a057e49be7688e1d78132cba7e35a2340824d09280de8798610afcec8fea9a4");
    let standard =
        florin_engine::webhooks::standard_signature("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1_705_314_600, body, &[secret]);
    assert_eq!(standard, "v1,zcMKIuO/yxbgc6061HMbSIwQ0dvi/IvR+agZvh5dJhQ=");
}

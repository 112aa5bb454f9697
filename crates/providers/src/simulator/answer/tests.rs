use florin_kernel::payment::{Doubt, Outcome};

use super::{Answer, Word, read};
use crate::simulator::tests::word;

fn check(status: u16, content_type: &'static str, body: &str, expected: &str) {
    let answer = Answer { status, content_type, body: body.as_bytes().to_vec() };
    assert_eq!(word(&read(&answer).outcome), expected, "{status} {content_type} {body}");
}

#[test]
fn clear_words_are_believed() {
    let json = "application/json";
    check(200, json, r#"{"result":"approved","id":"x"}"#, "approved");
    check(200, json, r#"{"result":"approved","id":"x","new_field":1}"#, "approved");
    check(200, json, r#"{"result":"declined","code":"51"}"#, "declined 51");
    check(200, json, r#"{"result":"declined","code":"N7"}"#, "declined N7");
    check(200, json, r#"{"result":"declined","code":"3ds_error"}"#, "declined 3ds_error");
    check(200, json, r#"{"result":"declined","code":"3ds_challenge"}"#, "declined 3ds_challenge");
    check(200, json, r#"{"result":"declined","code":"provider"}"#, "declined provider");
    check(200, json, r#"{"result":"payer","step":"challenge","url":"/sim/3ds/a"}"#, "payer /sim/3ds/a");
    check(200, json, r#"{"result":"cancelled"}"#, "cancelled");
    check(200, json, r#"{"result":"pending"}"#, "pending");
    check(404, json, r#"{"result":"not_found"}"#, "not found");
}

#[test]
fn everything_else_is_unknown() {
    let json = "application/json";
    check(502, "text/html", "<html>Bad Gateway</html>", "unknown");
    check(200, "text/html", r#"{"result":"approved","id":"x"}"#, "unknown");
    check(500, json, r#"{"result":"declined","code":"05"}"#, "unknown");
    check(502, json, r#"{"result":"approved","id":"x"}"#, "unknown");
    check(404, "text/html", "<html>Not Found</html>", "unknown");
    check(200, json, r#"{"result":"not_found"}"#, "unknown");
    check(404, json, r#"{"result":"declined","code":"05"}"#, "unknown");
    check(200, json, "", "unknown");
    check(200, json, r#"{"result":"declined","co"#, "unknown");
    check(200, json, r#"{"result":"declined","code":"51"}{"#, "unknown");
    check(200, json, r#"{"result":"declined"}"#, "unknown");
    check(200, json, r#"{"result":"declined","code":"nonsense"}"#, "unknown");
    check(200, json, r#"{"result":"declined","code":5}"#, "unknown");
    check(200, json, r#"{"result":"perhaps"}"#, "unknown");
    check(200, json, r#"{"status":"approved"}"#, "unknown");
    check(200, json, r#""approved""#, "unknown");
    check(200, json, r#"{"result":"payer","step":"challenge","url":"https://evil.example"}"#, "unknown");
    let method =
        r#"{"result":"payer","step":"challenge","url":"/sim/3ds/a","method":{"url":"//evil.example","data":""}}"#;
    check(200, json, method, "unknown");
    check(200, json, r#"{"result":"approved","id":"x","authentication":{"status":"Q"}}"#, "unknown");
    assert_eq!(read(&Answer::garbled()).outcome, Outcome::Unknown(Doubt::Garbled));
}

#[test]
fn a_cut_body_is_unknown_wherever_it_is_cut() {
    let whole = Answer::of(&Word::Declined { code: "51".into(), authentication: None });
    for length in 0..whole.body.len() {
        let cut = Answer { body: whole.body[..length].to_vec(), ..whole.clone() };
        assert_eq!(read(&cut).outcome, Outcome::Unknown(Doubt::Garbled), "{length} bytes");
    }
}

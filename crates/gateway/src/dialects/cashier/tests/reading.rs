//! What is one JSON object, and what is not.

use super::super::json::{Json, JsonFault, read};

#[test]
fn bodies() {
    let check = |body: &[u8], expected: Result<(), JsonFault>| {
        assert_eq!(read(body).map(drop), expected, "{}", String::from_utf8_lossy(body));
    };
    let nested = |levels: usize| format!("{}{}", r#"{"a":"#.repeat(levels), "1".to_owned() + &"}".repeat(levels));
    let arrays = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    check(b"{}", Ok(()));
    check(b" \t\r\n{ \"a\" : [ 1 , null , true ] } \n", Ok(()));
    check(b"\xef\xbb\xbf{\"a\":1}", Ok(()));
    check(b"", Err(JsonFault::Malformed));
    check(b"\xef\xbb\xbf", Err(JsonFault::Malformed));
    check(b"\xef\xbb\xbf\xef\xbb\xbf{}", Err(JsonFault::Malformed));
    check(b"null", Err(JsonFault::NotAnObject));
    check(b"[]", Err(JsonFault::NotAnObject));
    check(b"10.05", Err(JsonFault::NotAnObject));
    check(b"\"text\"", Err(JsonFault::NotAnObject));
    check(b"{}{}", Err(JsonFault::Malformed));
    check(b"{} x", Err(JsonFault::Malformed));
    check(b"{}\0", Err(JsonFault::Malformed));
    check(b"{\"a\":1,}", Err(JsonFault::Malformed));
    check(b"{'a':1}", Err(JsonFault::Malformed));
    check(b"{a:1}", Err(JsonFault::Malformed));
    check(b"{\"a\":NaN}", Err(JsonFault::Malformed));
    check(b"{\"a\":Infinity}", Err(JsonFault::Malformed));
    check(b"{\"a\":01}", Err(JsonFault::Malformed));
    check(b"{\"a\":.5}", Err(JsonFault::Malformed));
    check(b"{\"a\":+1}", Err(JsonFault::Malformed));
    check(b"{\"a\":\"\\ud800\"}", Err(JsonFault::Malformed));
    check(b"{\"a\":\"\xff\"}", Err(JsonFault::NotUtf8));
    check(b"{\"a\":\"\xc3\x28\"}", Err(JsonFault::NotUtf8));
    check(b"{\"a\":1,\"a\":2}", Err(JsonFault::RepeatedKey));
    check(b"{\"a\":1,\"\\u0061\":2}", Err(JsonFault::RepeatedKey));
    check(b"{\"x\":[{\"b\":{\"a\":1,\"a\":1}}]}", Err(JsonFault::RepeatedKey));
    check(b"{\"a\":{\"a\":1},\"b\":{\"a\":1}}", Ok(()));
    check(nested(16).as_bytes(), Ok(()));
    check(nested(17).as_bytes(), Err(JsonFault::TooDeep { depth_max: 16 }));
    check(arrays(15).as_bytes(), Ok(()));
    check(arrays(16).as_bytes(), Err(JsonFault::TooDeep { depth_max: 16 }));
    check(arrays(20_000).as_bytes(), Err(JsonFault::TooDeep { depth_max: 16 }));
}

#[test]
fn many_keys_are_compared_quickly() {
    let members = |count: usize| (0..count).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(",");
    let (plain, repeated) = (format!("{{{}}}", members(5000)), format!("{{{},\"k77\":2}}", members(5000)));
    assert_eq!(read(plain.as_bytes()).map(drop), Ok(()));
    assert_eq!(read(repeated.as_bytes()).map(drop), Err(JsonFault::RepeatedKey));
}

#[test]
fn numbers_keep_their_text() {
    for (text, expected) in [
        ("0", "0"),
        ("-0", "-0"),
        ("-7", "-7"),
        ("10.05", "10.05"),
        ("10.050", "10.050"),
        ("18446744073709551616", "18446744073709551616"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ("1e309", "1e+309"),
        ("1E+400", "1e+400"),
        ("-1.5e-7", "-1.5e-7"),
    ] {
        let body = format!("{{\"a\":{text}}}");
        let object = read(body.as_bytes()).expect("a body");
        assert_eq!(object.get("a"), Some(&Json::Number(expected.to_owned())));
    }
}

/// `serde_json` hands numbers out under a key of its own; a body that uses that key gets no number by it.
#[test]
fn the_number_key_cannot_be_imitated() {
    let check = |value: &str, expected: &dyn Fn(&Json<'_>) -> bool| {
        let body = format!("{{\"amount\":{{\"$serde_json::private::Number\":{value}}}}}");
        let object = read(body.as_bytes()).expect("a body");
        match object.get("amount") {
            Some(Json::Object(inner)) => {
                let inner = inner.get("$serde_json::private::Number").expect("the key");
                assert!(expected(inner), "{inner:?}");
            }
            other => panic!("{value} made {other:?}"),
        }
    };
    check("\"10.05\"", &|value| matches!(value, Json::Text(text) if text == "10.05"));
    check("\"1\\u0030\"", &|value| matches!(value, Json::Text(text) if text == "10"));
    check("7", &|value| *value == Json::Number("7".into()));
    check("null", &|value| *value == Json::Null);
    check("[1]", &|value| matches!(value, Json::Array(_)));
    check("{\"a\":1}", &|value| matches!(value, Json::Object(_)));
}

use axum::body::Body;
use axum::http::Request;

use super::Params;

async fn read(method: &str, uri: &str, media: &str, body: &str) -> Result<Params, String> {
    let request = Request::builder().method(method).uri(uri).header("content-type", media).body(());
    let (parts, ()) = request.expect("a request").into_parts();
    Params::read(&parts, Body::from(body.to_owned())).await.map_err(|problem| problem.code.to_owned())
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn all_ways_to_send_parameters_mean_the_same() {
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"pos_id\"\r\n\r\nPOS1\r\n\
        --x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nJürgen & Söhne\r\n--x--\r\n";
    let ways = [
        read("GET", "/v2/GetRate/?pos_id=POS1&user=J%C3%BCrgen+%26+S%C3%B6hne", "application/json", "{}").await,
        read("POST", "/v2/GetRate", FORM, "pos_id=POS1&user=J%C3%BCrgen%20%26%20S%C3%B6hne").await,
        read("POST", "/v2/GetRate?pos_id=POS1&pos_id=POS1", FORM, "pos_id=other&user=J%C3%BCrgen+%26+S%C3%B6hne").await,
        read("POST", "/v2/GetRate", "multipart/form-data; boundary=x", multipart).await,
    ];
    for way in &ways {
        let way = way.as_ref().expect("it is read");
        assert_eq!((way.get("pos_id"), way.get("user")), (Some("POS1"), Some("Jürgen & Söhne")));
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let cases = [
        ("POST", "/", FORM, "a=1&a=2", "duplicate_parameter"),
        ("GET", "/?a=1&a=2", FORM, "", "duplicate_parameter"),
        ("POST", "/", "application/json", "{}", "unsupported_media_type"),
        ("POST", "/", "multipart/form-data", "x", "invalid_parameter"),
        (
            "POST",
            "/",
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n1\r\n--x--",
            "invalid_parameter",
        ),
    ];
    for (method, uri, media, body, code) in cases {
        assert_eq!(read(method, uri, media, body).await.err().as_deref(), Some(code), "{body}");
    }
    let empty = read("GET", "/?a=&a=1", FORM, "").await.expect("an empty value is an absent one");
    assert_eq!(empty.get("a"), Some("1"));
    assert_eq!(empty.truth("a").ok(), Some(Some(true)));
}

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};

use super::{Format, to_xml};

#[test]
fn xml_is_for_those_who_rank_it_above_json() {
    let check = |accept: &str, expected: Format| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a value"));
        assert_eq!(Format::of(&headers), expected, "{accept}");
    };
    assert_eq!(Format::of(&HeaderMap::new()), Format::Json);
    check("application/xml", Format::Xml);
    check("text/xml", Format::Xml);
    check("*/*", Format::Json);
    check("application/json", Format::Json);
    check("application/xml, application/json", Format::Json);
    check("application/xml, */*", Format::Json);
    check("application/xml, */*;q=0.8", Format::Xml);
    check("application/json;q=0.5, text/xml;q=0.9", Format::Xml);
    check("application/xml;q=0.5, application/json;q=0.501", Format::Json);
    check("application/xml;q=0", Format::Json);
    check("application/xml;q=none", Format::Json);
    check("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Json);
    check("APPLICATION/XML ; Q=1", Format::Xml);
}

#[test]
fn json_becomes_elements_of_the_same_names() {
    let check = |json: &str, expected: &str| {
        let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>{expected}</response>\n");
        assert_eq!(to_xml(json), expected);
    };
    check(
        r#"{"paymentId":"54289","result":{"code":"00002","description":"Transaction pending"},"redirect":{"parameters":
        [{"name":"xid","value":"54289"},{"name":"TermUrl","value":"u"}]}}"#,
        "<paymentId>54289</paymentId><result><code>00002</code><description>Transaction pending</description></result>\
         <redirect><parameters><name>xid</name><value>54289</value></parameters><parameters><name>TermUrl</name>\
         <value>u</value></parameters></redirect>",
    );
    check(
        r#"{"transaction":[],"invoiceList":{"0":{"a":"b"},"1":{}}}"#,
        r#"<invoiceList><item index="0"><a>b</a></item><item index="1"></item></invoiceList>"#,
    );
    check(r#"{"a":"<&>\"'","b":"x\u0001y\tz\ufffe"}"#, "<a>&lt;&amp;&gt;&quot;&apos;</a><b>x\u{fffd}y\tz\u{fffd}</b>");
}

use florin_kernel::Timestamp;
use florin_kernel::fx::Rate;
use jiff::SignedDuration;
use serde_json::json;

use super::{Rule, Sample, Source, agreed, read};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn sample(price: &str, age_s: i64) -> Sample {
    Sample { price: Rate::parse(price).expect("a rate"), at: at(1_000 - age_s) }
}

#[test]
fn the_median_of_fresh_and_close_prices_counts() {
    let told = |samples: &[Sample], sources| {
        agreed(samples, sources, Rule::default(), at(1_000)).map(|rate| rate.to_string()).ok()
    };
    let cases: [(&[Sample], usize, Option<&str>); 8] = [
        (&[sample("100", 0), sample("101", 0), sample("99.5", 0)], 3, Some("100.000000000")),
        (&[sample("100", 0), sample("101", 0)], 3, Some("100.500000000")),
        (&[sample("100", 0), sample("101", 0), sample("110", 0)], 3, Some("100.500000000")),
        (&[sample("100", 0), sample("103", 0)], 3, None),
        (&[sample("100", 61), sample("101", 0), sample("100", 61)], 3, None),
        (&[sample("100", 60), sample("101", 0)], 3, Some("100.500000000")),
        (&[sample("61234.5678", 0)], 1, Some("61234.567800000")),
        (&[], 1, None),
    ];
    for (samples, sources, expected) in cases {
        assert_eq!(told(samples, sources).as_deref(), expected, "{samples:?}");
    }
}

#[test]
fn a_document_is_read_without_floats_and_nonsense_is_no_price() {
    let source =
        |time: Option<&str>| Source { url: String::new(), price: "/data/0".into(), time: time.map(str::to_owned) };
    let price = |document| read(&document, &source(None), at(5)).map(|sample| sample.price.to_string());
    let exact: serde_json::Value = serde_json::from_str("{\"data\":[61234.567800000001]}").expect("JSON");
    assert_eq!(price(exact).as_deref(), Some("61234.56780000"));
    assert_eq!(price(json!({"data": ["0.92"]})).as_deref(), Some("0.92"));
    for nonsense in
        [json!({}), json!({"data": [null]}), json!({"data": ["-1"]}), json!({"data": ["1e5"]}), json!({"data": ["0"]})]
    {
        assert_eq!(price(nonsense), None);
    }
    let timed = |time| read(&json!({"data": ["1"], "t": time}), &source(Some("/t")), at(5)).map(|sample| sample.at);
    assert_eq!(timed(json!(1_705_314_600)), Some(at(1_705_314_600)));
    assert_eq!(timed(json!(1_705_314_600_000_i64)), Some(at(1_705_314_600)));
    assert_eq!(timed(json!("2024-01-15T10:30:00Z")), Some(at(1_705_314_600)));
    assert_eq!(timed(json!(true)), None, "a price of unknown time is none");
}

use askama::Template;

use super::{Bar, Bars, Column, Columns, permille};

fn columns(values: &[i64]) -> Columns {
    let column = |value: &i64| Column {
        name: format!("n{value}"),
        label: format!("v{value}"),
        told: format!("in full {value}"),
        value: *value,
    };
    let columns: Vec<Column> = values.iter().map(column).collect();
    Columns::new("c", "Captured by day, EUR".to_owned(), "A description".to_owned(), &columns)
}

/// Top and height of each column.
fn drawn(values: &[i64]) -> Vec<(i128, i128)> {
    columns(values).columns.iter().map(|column| (column.top, column.height)).collect()
}

/// A column is as high as its value, counted from zero, whatever the others are.
#[test]
fn columns_begin_at_zero() {
    assert_eq!(drawn(&[100, 50, 0]), [(20, 120), (80, 60), (140, 0)]);
    assert_eq!(drawn(&[1_000, 999]), [(20, 120), (20, 120)], "a small difference looks small");
    assert_eq!(drawn(&[0, 0]), [(140, 0), (140, 0)]);
    assert_eq!(drawn(&[75, -25]), [(20, 90), (110, 30)], "what was taken back goes below");
    assert_eq!(columns(&[75, -25]).baseline, 110);
    assert_eq!(drawn(&[i64::MAX, i64::MIN]).len(), 2);
    assert_eq!(drawn(&[]), []);
}

/// Columns share the whole width, and none touches the next.
#[test]
fn columns_share_the_width() {
    for count in [1, 3, 7, 24, 31] {
        let drawn = columns(&vec![1; count]);
        let read = |text: &str| text.trim_end_matches('%').replace('.', "").parse::<u64>().expect("a number");
        let mut reached = 0;
        for column in &drawn.columns {
            let (left, width) = (read(&column.left), read(&column.width));
            assert!(left > reached && width > 0, "{count}: {} {}", column.left, column.width);
            reached = left + width;
        }
        assert!(reached < 10_000, "{count}");
    }
}

fn told(texts: impl Iterator<Item = Option<(String, &'static str)>>) -> Vec<String> {
    texts.flatten().map(|(text, anchor)| format!("{text} {anchor}")).collect()
}

/// Few columns all say their value; of many the highest and the last do.
#[test]
fn values_stand_where_there_is_room() {
    let labels = |values: &[i64]| {
        let drawn = columns(values);
        told(drawn.columns.iter().map(|c| c.label.as_ref().map(|text| (text.text.clone(), text.anchor))))
    };
    let names = |values: &[i64]| {
        let drawn = columns(values);
        told(drawn.columns.iter().map(|c| c.name.as_ref().map(|text| (text.text.clone(), text.anchor))))
    };
    assert_eq!(labels(&[5, 0, 7]), ["v5 middle", "v7 middle"], "nothing to say of zero");
    let mut month = vec![1; 30];
    month[12] = 9;
    assert_eq!(labels(&month), ["v9 middle", "v1 end"]);
    month[27] = 20;
    assert_eq!(labels(&month), ["v20 end"], "the last one would touch it");
    month[0] = 30;
    assert_eq!(labels(&month), ["v30 start", "v1 end"]);
    assert_eq!(names(&month), ["n30 start", "n1 middle", "n1 end"]);
    assert_eq!(names(&[1, 2]), ["n1 middle", "n2 middle"]);
    assert_eq!(labels(&[0; 30]), Vec::<String>::new());
}

/// Names are not ours: nothing of them is taken for markup. Title and description are told to who does not see.
#[test]
fn charts_are_told_and_escaped() {
    let column = Column { name: "<b>".to_owned(), label: "1".to_owned(), told: "a & b".to_owned(), value: 1 };
    let drawn = Columns::new("volume-eur", "Captured <now>".to_owned(), "One day".to_owned(), &[column]);
    let svg = drawn.render().expect("it renders");
    for part in [
        r#"role="img" aria-labelledby="volume-eur-title volume-eur-told""#,
        r#"<title id="volume-eur-title">Captured &#60;now&#62;</title>"#,
        r#"<desc id="volume-eur-told">One day</desc>"#,
        "<title>a &#38; b</title>",
        "&#60;b&#62;",
    ] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    assert!(!svg.contains("style="), "the policy refuses it");
}

#[test]
fn bars_are_shares_of_the_whole() {
    let bar = |name: &str, now, before| Bar { name: name.to_owned(), now, before };
    let bars = [bar("Acquirer", 971, Some(920)), bar("A provider with a long name", 1_000, None), bar("None", 0, None)];
    let drawn = Bars::new("approved", "Approval rate".to_owned(), String::new(), &bars);
    let widths: Vec<_> = drawn.bars.iter().map(|bar| (bar.now_width.as_str(), bar.before_width.as_str())).collect();
    assert_eq!(widths, [("97.10%", "92.00%"), ("100.00%", "0.00%"), ("0.00%", "0.00%")]);
    assert_eq!(drawn.bars[1].name, "A provider with a\u{2026}");
    let svg = drawn.render().expect("it renders");
    assert!(svg.contains("97.1 %</tspan> before 92.0 %"), "{svg}");
    assert!(svg.contains("<title>A provider with a long name: 100.0 %</title>"), "in full on hovering: {svg}");
    assert_eq!(svg.matches("class=\"before\"").count(), 1, "{svg}");
    assert_eq!((permille(0), permille(5), permille(1_000)), ("0.0 %".into(), "0.5 %".into(), "100.0 %".into()));
}

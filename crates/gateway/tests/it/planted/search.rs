//! Looking for card numbers in bytes, as they are and in every encoding that a careless line of code may leave them in.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// All encodings of all numbers, looked for in one pass.
pub struct Search {
    automaton: AhoCorasick,
    /// By the pattern's place.
    patterns: Vec<(String, &'static str)>,
}

impl Search {
    /// A search for these numbers.
    pub fn of(numbers: &[String]) -> Search {
        let (mut patterns, mut bytes) = (Vec::new(), Vec::new());
        for number in numbers {
            for (encoding, pattern) in encodings(number) {
                patterns.push((number.clone(), encoding));
                bytes.push(pattern);
            }
        }
        Search { automaton: AhoCorasick::new(&bytes).expect("patterns"), patterns }
    }

    /// The first number found, and how it was written.
    pub fn first_in(&self, bytes: &[u8]) -> Option<(&str, &'static str)> {
        let found = self.automaton.find(bytes)?;
        let (number, encoding) = &self.patterns[found.pattern().as_usize()];
        Some((number, encoding))
    }
}

impl Search {
    /// The first number found, as a sentence with what stands around it.
    pub fn told(&self, place: &str, bytes: &[u8]) -> Option<String> {
        let found = self.automaton.find(bytes)?;
        let (number, encoding) = &self.patterns[found.pattern().as_usize()];
        let around = &bytes[found.start().saturating_sub(80)..(found.end() + 80).min(bytes.len())];
        Some(format!("{number} is in {place}, {encoding}: {}", String::from_utf8_lossy(around)))
    }
}

/// How a number may be written.
pub fn encodings(number: &str) -> Vec<(&'static str, Vec<u8>)> {
    let digits = number.as_bytes();
    let each = |form: &dyn Fn(u8) -> String| digits.iter().map(|digit| form(*digit)).collect::<String>().into_bytes();
    let grouped = |between: &str| {
        let groups: Vec<&str> =
            (0..digits.len()).step_by(4).map(|at| &number[at..(at + 4).min(digits.len())]).collect();
        groups.join(between).into_bytes()
    };
    let value: u64 = number.parse().expect("digits");
    let wide =
        |order: fn(u16) -> [u8; 2]| digits.iter().flat_map(|digit| order(u16::from(*digit))).collect::<Vec<u8>>();
    let packed = digits.chunks(2).map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0')).collect();
    vec![
        ("plain", digits.to_vec()),
        ("with spaces", grouped(" ")),
        ("with dashes", grouped("-")),
        ("with spaces in a form", grouped("+")),
        ("with spaces in a URL", grouped("%20")),
        ("with dashes in a URL", grouped("%2D")),
        (
            "with pairs of digits apart",
            digits
                .chunks(2)
                .map(|pair| format!("{}{} ", pair[0] - b'0', pair[1] - b'0'))
                .collect::<String>()
                .trim_end()
                .into(),
        ),
        ("percent-encoded", each(&|digit| format!("%{digit:02x}"))),
        ("hexadecimal", each(&|digit| format!("{digit:02x}"))),
        ("hexadecimal with spaces", {
            let mut text = each(&|digit| format!("{digit:02x} "));
            text.pop();
            text
        }),
        ("as a list of bytes", {
            let mut text = each(&|digit| format!("{digit}, "));
            text.truncate(text.len() - 2);
            text
        }),
        ("escaped in JSON", each(&|digit| format!("\\u{digit:04x}"))),
        ("escaped in HTML", each(&|digit| format!("&#{digit};"))),
        ("escaped in HTML, hexadecimal", each(&|digit| format!("&#x{digit:02x};"))),
        ("backwards", digits.iter().rev().copied().collect()),
        ("UTF-16, little end first", wide(u16::to_le_bytes)),
        ("UTF-16, big end first", wide(u16::to_be_bytes)),
        ("two digits a byte", packed),
        ("an integer, little end first", value.to_le_bytes().to_vec()),
        ("an integer, big end first", value.to_be_bytes().to_vec()),
        // What stands before shifts base64 by one of three; the letters at the ends depend on the neighbours.
        ("base64", base64_within(digits, 0)),
        ("base64, one byte further", base64_within(digits, 1)),
        ("base64, two bytes further", base64_within(digits, 2)),
    ]
}

/// The letters of base64 that depend on the number alone when so many bytes stand before it.
fn base64_within(digits: &[u8], before: usize) -> Vec<u8> {
    let skipped = (3 - before) % 3;
    let whole = (digits.len() - skipped) / 3 * 3;
    STANDARD_NO_PAD.encode(&digits[skipped..skipped + whole]).into_bytes()
}

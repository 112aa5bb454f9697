//! Card numbers that exist nowhere else: each is given out once.

/// Gives them out, and remembers.
#[derive(Default)]
pub struct Numbers {
    before: u64,
    given: Vec<String>,
}

impl Numbers {
    /// Numbers that those who count from 0 do not reach, for a test that leaves them where others must find none.
    pub fn apart() -> Numbers {
        Numbers { before: 1_000_000, ..Numbers::default() }
    }

    /// A number of 16 digits that passes the Luhn check and that the simulator approves.
    pub fn next(&mut self) -> String {
        // An odd factor permutes the numbers, so that neighbours look unlike and none comes twice.
        let mixed = (self.before + self.given.len() as u64 + 1).wrapping_mul(0x9e37_79b9) % 1_000_000_000;
        let digits = format!("455517{mixed:09}");
        let number = format!("{digits}{}", check_digit(&digits));
        assert!(!self.given.contains(&number), "none comes twice");
        self.given.push(number.clone());
        number
    }

    /// All that were given out.
    pub fn given(&self) -> &[String] {
        &self.given
    }
}

fn check_digit(digits: &str) -> u32 {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let values = digits.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values.enumerate().map(|(place, digit)| if place % 2 == 0 { doubled(digit) } else { digit }).sum();
    (10 - sum % 10) % 10
}

//! How single things are shown: times, ids, states. `templates/portal/macros.html` has the other half.

use florin_kernel::Timestamp;

use crate::pages::text;

/// A moment: relative for reading, exact for hovering and for machines.
pub(super) struct Moment {
    pub(super) relative: String,
    pub(super) exact: String,
    pub(super) iso: String,
}

impl Moment {
    /// As it is read at `now`.
    pub(super) fn at(at: Timestamp, now: Timestamp) -> Moment {
        Moment { relative: relative(at, now), exact: text::moment(at), iso: at.to_string() }
    }
}

/// `3 minutes ago`, `in 2 days`; beyond a month the day itself.
fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    let (count, unit) = match seconds.unsigned_abs() {
        0..45 => return "now".to_owned(),
        away @ 45..3_600 => ((away + 30) / 60, "minute"),
        away @ 3_600..86_400 => (away / 3_600, "hour"),
        away @ 86_400..2_592_000 => (away / 86_400, "day"),
        _ => return at.strftime("%-d %b %Y").to_string(),
    };
    let plural = if count == 1 { "" } else { "s" };
    match seconds {
        ..0 => format!("in {count} {unit}{plural}"),
        0.. => format!("{count} {unit}{plural} ago"),
    }
}

/// An id, shortened for reading; copied whole.
pub(super) struct Id {
    pub(super) whole: String,
    pub(super) short: String,
}

impl Id {
    pub(super) fn of(whole: String) -> Id {
        const SHOWN: usize = 12;
        let short = match whole.chars().count() {
            0..=SHOWN => whole.clone(),
            _ => format!("{}\u{2026}", whole.chars().take(SHOWN).collect::<String>()),
        };
        Id { whole, short }
    }
}

/// A state: a meaning that has a colour, and the word that says it.
pub(super) struct Badge {
    pub(super) meaning: &'static str,
    pub(super) word: &'static str,
}

#[cfg(test)]
mod tests {
    use super::{Id, relative};
    use florin_kernel::Timestamp;

    #[test]
    fn times_are_read_from_now() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        for (seconds, shown) in [
            (0, "now"),
            (44, "now"),
            (45, "1 minute ago"),
            (200, "3 minutes ago"),
            (3_600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (172_800, "2 days ago"),
            (-90, "in 2 minutes"),
            (-259_200, "in 3 days"),
            (4_000_000, "30 Nov 2026"),
        ] {
            let at = Timestamp::from_second(1_800_000_000 - seconds).expect("a time");
            assert_eq!(relative(at, now), shown, "{seconds}");
        }
    }

    #[test]
    fn long_ids_are_shortened() {
        assert_eq!(Id::of("abcdef".to_owned()).short, "abcdef");
        assert_eq!(Id::of("0123456789abcdef".to_owned()).short, "0123456789ab\u{2026}");
    }
}

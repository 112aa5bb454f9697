//! What a list of transactions shows, as its address says it. The screen, its export and the admin API read the same fields, so that what
//! is exported is what is shown.

use florin_engine::office::{AmountOrder, AmountPlace, Ask, Cursor, Direction, Filter, Order};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, Kind, Money, Timestamp};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::visit::Fields;
use super::words::{self, WORDS};

/// Fields that say which transactions, in the order of links.
const FIELDS: [&str; 13] = [
    "status",
    "kind",
    "method",
    "provider",
    "currency",
    "min",
    "max",
    "from",
    "until",
    "reference",
    "payer",
    "email",
    "last4",
];
/// Longest text of a field.
const TEXT_MAX: usize = 255;

/// A list as it was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) filter: Filter,
    pub(super) order: Order,
    /// By amount instead of by time, and from where.
    pub(super) amounts: Option<AmountOrder>,
    pub(super) amount_from: Option<AmountPlace>,
    pub(super) from: Option<Cursor>,
    pub(super) direction: Direction,
    /// What cannot be read: the field, and how to mend it.
    pub(super) faults: Vec<(&'static str, String)>,
    /// What was given, for links: without the place in the list.
    pub(super) given: Vec<(&'static str, String)>,
}

impl Wanted {
    /// Reads the fields of an address; what is not given leaves out nothing.
    pub(super) fn read(query: &Fields) -> Wanted {
        let mut reader = Reader { query, faults: Vec::new() };
        let currency = reader.read("currency", "Use a currency's three letters, such as EUR.", |text| {
            Asset::from_code(&text.to_ascii_uppercase())
        });
        let filter = Filter {
            kinds: reader.read("kind", "Choose one of the list.", kind).into_iter().collect(),
            words: reader.words(),
            methods: reader.read("method", "Choose one of the list.", words::parse_method).into_iter().collect(),
            currencies: currency.into_iter().collect(),
            providers: reader.read("provider", "Choose one of the list.", provider).into_iter().collect(),
            least: reader.amount("min", currency),
            most: reader.amount("max", currency),
            from: reader.read("from", DAY, |text| day(text, 0)),
            until: reader.read("until", DAY, |text| day(text, 1)),
            reference: reader.text("reference"),
            payer: reader.text("payer"),
            email: reader.text("email"),
            last4: reader
                .read("last4", "Four digits.", |text| {
                    (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
                })
                .unwrap_or_default(),
        };
        let (order, amounts) = sorting(query.text("sort"));
        if amounts.is_some() && query.text("currency").is_empty() {
            reader.faults.push(("currency", "Choose one: amounts of several currencies have no order.".to_owned()));
        }
        let direction = match query.text("way") {
            "back" => Direction::Back,
            _ => Direction::Onward,
        };
        let mut given: Vec<(&'static str, String)> = Vec::new();
        for field in FIELDS {
            given
                .extend(query.all(field).map(str::trim).filter(|text| !text.is_empty()).map(|t| (field, t.to_owned())));
        }
        let sort = match (order, amounts) {
            (Order::NewestFirst, None) => "",
            (Order::OldestFirst, None) => "oldest",
            (_, Some(AmountOrder::LargestFirst)) => "largest",
            (_, Some(AmountOrder::SmallestFirst)) => "smallest",
        };
        given.extend((!sort.is_empty()).then(|| ("sort", sort.to_owned())));
        let (at, faults) = (query.text("at"), reader.faults);
        let (from, amount_from) = (Cursor::parse(at), AmountPlace::parse(at));
        Wanted { filter, order, amounts, amount_from, from, direction, faults, given }
    }

    /// The page of the list that is meant.
    pub(super) fn ask(&self, limit: u32) -> Ask {
        let Wanted { filter, order, from, direction, .. } = self.clone();
        Ask { filter, order, from, direction, limit }
    }

    /// What a field was given; empty where it was not.
    pub(super) fn given(&self, field: &str) -> &str {
        self.given.iter().find(|(found, _)| *found == field).map_or("", |(_, text)| text)
    }

    /// Why a field cannot be read; empty where it can.
    pub(super) fn fault(&self, field: &str) -> &str {
        self.faults.iter().find(|(found, _)| *found == field).map_or("", |(_, text)| text)
    }

    /// Whether anything is left out.
    pub(super) fn is_filtered(&self) -> bool {
        self.given.iter().any(|(field, _)| *field != "sort")
    }

    /// The same list at another address, with further fields.
    pub(super) fn link(&self, path: &str, more: &[(&str, &str)]) -> String {
        let own = self.given.iter().filter(|(field, _)| more.iter().all(|(other, _)| other != field));
        let own = own.map(|(field, text)| (*field, text.as_str()));
        let pairs = own.chain(more.iter().copied()).filter(|(_, text)| !text.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The address of the page that begins at a place.
    pub(super) fn page(&self, path: &str, at: Option<String>, direction: Direction) -> String {
        let Some(at) = at else { return String::new() };
        let way = match direction {
            Direction::Onward => "",
            Direction::Back => "back",
        };
        self.link(path, &[("at", &at), ("way", way)])
    }
}

const DAY: &str = "Use a day such as 2026-03-31.";

struct Reader<'q> {
    query: &'q Fields,
    faults: Vec<(&'static str, String)>,
}

impl Reader<'_> {
    fn read<T>(&mut self, field: &'static str, fault: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.query.text(field);
        if text.is_empty() {
            return None;
        }
        let read = read(text);
        if read.is_none() {
            self.faults.push((field, fault.to_owned()));
        }
        read
    }

    fn words(&mut self) -> Vec<String> {
        let given: Vec<&str> = self.query.all("status").map(str::trim).filter(|text| !text.is_empty()).collect();
        if given.iter().any(|word| !WORDS.contains(word)) {
            self.faults.push(("status", "Choose one of the list.".to_owned()));
        }
        given.into_iter().map(str::to_owned).collect()
    }

    fn text(&mut self, field: &'static str) -> String {
        let short = |text: &str| (text.len() <= TEXT_MAX).then(|| text.to_owned());
        self.read(field, "That is too long.", short).unwrap_or_default()
    }

    /// An amount means nothing without its currency.
    fn amount(&mut self, field: &'static str, currency: Option<Asset>) -> Option<Money> {
        match currency {
            Some(currency) => {
                self.read(field, "Use an amount such as 10.05.", |text| Money::parse_or_zero(text, currency).ok())
            }
            None => self.read(field, "An amount needs its currency beside it.", |_| None),
        }
    }
}

/// In which order a list goes, by time or by amount.
fn sorting(word: &str) -> (Order, Option<AmountOrder>) {
    match word {
        "oldest" => (Order::OldestFirst, None),
        "largest" => (Order::NewestFirst, Some(AmountOrder::LargestFirst)),
        "smallest" => (Order::NewestFirst, Some(AmountOrder::SmallestFirst)),
        _ => (Order::NewestFirst, None),
    }
}

/// A kind's word in addresses and exports.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "payment",
        Kind::Verification => "verification",
        Kind::Withdrawal => "withdrawal",
        Kind::Coin => "coin",
    }
}

/// The kinds that lists show.
pub(super) const KINDS: [Kind; 3] = [Kind::Payment, Kind::Withdrawal, Kind::Coin];

fn kind(text: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| kind_word(*kind) == text)
}

fn provider(text: &str) -> Option<ProviderId> {
    text.parse().ok().map(ProviderId::new)
}

/// The beginning of a day, UTC, so many days later.
fn day(text: &str, later: i64) -> Option<Timestamp> {
    let day: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let day = day.checked_add(later.days()).ok()?;
    day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

/// The methods that filters offer.
pub(super) const METHODS: [Method; 5] =
    [Method::Card, Method::BankTransfer, Method::EWallet, Method::Voucher, Method::Crypto];

#[cfg(test)]
mod tests {
    use super::Wanted;
    use crate::portal::visit::Fields;

    fn read(query: &str) -> Wanted {
        Wanted::read(&Fields::read(query.as_bytes()))
    }

    #[test]
    fn addresses_are_read_and_written() {
        let wanted = read(
            "status=captured&status=refunded&kind=&currency=eur&min=10&max=20.50&from=2026-03-01&until=2026-03-31&sort=oldest&at=5.7&way=back",
        );
        assert_eq!(wanted.faults, []);
        assert_eq!(wanted.filter.words, ["captured", "refunded"]);
        assert_eq!(wanted.filter.least.map(|least| least.to_string()).as_deref(), Some("10.00 EUR"));
        assert_eq!(wanted.filter.from.map(|from| from.to_string()).as_deref(), Some("2026-03-01T00:00:00Z"));
        assert_eq!(
            wanted.filter.until.map(|until| until.to_string()).as_deref(),
            Some("2026-04-01T00:00:00Z"),
            "the whole day"
        );
        assert_eq!(
            wanted.link("/x", &[]),
            "/x?status=captured&status=refunded&currency=eur&min=10&max=20.50&from=2026-03-01&until=2026-03-31&sort=oldest"
        );
        assert_eq!(read("").link("/x", &[]), "/x");
        assert_eq!(read("sort=oldest&payer=U%261").link("/x", &[("sort", "")]), "/x?payer=U%261");
        assert!(read("payer=U1").is_filtered() && !read("sort=oldest").is_filtered());
        let amounts = read("currency=EUR&sort=largest&at=m1005.4611");
        assert_eq!(amounts.amount_from.map(|at| at.to_text()).as_deref(), Some("m1005.4611"));
        assert_eq!(amounts.link("/x", &[]), "/x?currency=EUR&sort=largest");
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_its_field() {
        for (query, field) in [
            ("status=done", "status"),
            ("kind=card", "kind"),
            ("method=cash", "method"),
            ("provider=x", "provider"),
            ("currency=EURO", "currency"),
            ("min=10", "min"),
            ("currency=EUR&max=ten", "max"),
            ("currency=JPY&max=1.5", "max"),
            ("from=yesterday", "from"),
            ("until=2026-02-30", "until"),
            ("last4=123", "last4"),
            ("sort=largest", "currency"),
        ] {
            let wanted = read(query);
            assert_eq!(wanted.faults.iter().map(|(field, _)| *field).collect::<Vec<_>>(), [field], "{query}");
            assert!(!wanted.fault(field).is_empty());
        }
    }
}

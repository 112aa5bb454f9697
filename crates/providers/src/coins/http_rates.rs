//! Prices from sources on the web (crypto contract, section 8): each is asked for a document, of which a pointer names the price. What is
//! old, far from the others or too lonely counts for nothing.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use florin_kernel::fx::Rate;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Mid, NoRate, Rates};
use florin_kernel::{Asset, Coin, Timestamp};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// Where a price is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// The address, with `{coin}` and `{fiat}` to fill in.
    pub url: String,
    /// Where the price stands in the document (RFC 6901).
    pub price: String,
    /// Where its time stands: Unix seconds or milliseconds, or RFC 3339. Without one the time of arrival counts.
    #[serde(default)]
    pub time: Option<String>,
}

/// What prices must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Older ones are dropped, in seconds.
    pub max_age_s: u32,
    /// Those further from the median are dropped, in hundredths of a percent.
    pub outlier_bps: u32,
    /// What is left may lie apart so far, in hundredths of a percent.
    pub apart_bps: u32,
    /// So many must be left; 0: the majority of those configured.
    pub min_sources: u32,
}

impl Default for Rule {
    fn default() -> Rule {
        Rule { max_age_s: 60, outlier_bps: 500, apart_bps: 200, min_sources: 0 }
    }
}

/// A price with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Fiat for one coin.
    pub price: Rate,
    /// When it was so.
    pub at: Timestamp,
}

/// Sources, asked when a price is needed and not again for a few seconds.
pub struct HttpRates {
    sources: Vec<Source>,
    rule: Rule,
    client: reqwest::Client,
    known: Mutex<HashMap<(Coin, &'static str), Vec<Sample>>>,
    asked: Mutex<HashMap<(Coin, &'static str), Timestamp>>,
}

/// How long a source may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long what was asked is not asked again.
const KEPT: SignedDuration = SignedDuration::from_secs(5);
/// The largest document that is read.
const DOCUMENT_MAX: usize = 1 << 20;

impl HttpRates {
    /// Of sources.
    ///
    /// # Errors
    /// A sentence, when no client can be made.
    pub fn new(sources: Vec<Source>, rule: Rule) -> Result<HttpRates, String> {
        let client = crate::http::client().timeout(TIMEOUT).user_agent("Florin").build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(HttpRates { sources, rule, client, known: Mutex::default(), asked: Mutex::default() })
    }
}

/// What a source says now.
async fn ask(client: &reqwest::Client, source: &Source, coin: Coin, fiat: Asset, now: Timestamp) -> Option<Sample> {
    let url = source.url.replace("{coin}", coin.code()).replace("{fiat}", fiat.code());
    let answer = client.get(&url).send().await.and_then(reqwest::Response::error_for_status);
    let document = match answer {
        Ok(answer) => answer.bytes().await.ok().filter(|bytes| bytes.len() <= DOCUMENT_MAX)?,
        Err(error) => {
            tracing::warn!(%error, "a source of rates does not answer");
            return None;
        }
    };
    read(&serde_json::from_slice(&document).ok()?, source, now)
}

/// The price in a document. Numbers are read as they are written, never through a float.
fn read(document: &Value, source: &Source, now: Timestamp) -> Option<Sample> {
    let price = decimal(document.pointer(&source.price)?)?;
    let at = match &source.time {
        None => now,
        Some(pointer) => time(document.pointer(pointer)?)?,
    };
    Some(Sample { price, at })
}

fn decimal(value: &Value) -> Option<Rate> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // More digits than a rate holds are cut.
    let fraction: String = fraction.chars().take(8).collect();
    Rate::parse(&if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number.as_i64()?;
            if number > 100_000_000_000 {
                Timestamp::from_millisecond(number).ok()
            } else {
                Timestamp::from_second(number).ok()
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The price that samples agree on.
///
/// # Errors
/// [`NoRate`] when too few are left, or those that are do not agree.
pub fn agreed(samples: &[Sample], sources: usize, rule: Rule, now: Timestamp) -> Result<Rate, NoRate> {
    let max_age = SignedDuration::from_secs(i64::from(rule.max_age_s));
    let fresh = samples.iter().filter(|sample| now.duration_since(sample.at) <= max_age);
    let mut prices: Vec<u128> = fresh.map(|sample| billionths(sample.price)).collect();
    prices.sort_unstable();
    let needed = match rule.min_sources {
        0 => sources / 2 + 1,
        needed => needed as usize,
    };
    if let Some(middle) = median(&prices) {
        let most = middle * u128::from(rule.outlier_bps) / 10_000;
        prices.retain(|price| price.abs_diff(middle) <= most);
    }
    if prices.len() < needed.max(1) {
        return Err(NoRate(format!("{} of {needed} sources agree", prices.len())));
    }
    let (Some(lowest), Some(highest), Some(middle)) = (prices.first(), prices.last(), median(&prices)) else {
        return Err(NoRate("no source answers".to_owned()));
    };
    if highest - lowest > lowest * u128::from(rule.apart_bps) / 10_000 {
        return Err(NoRate("the sources are too far from each other".to_owned()));
    }
    rate(middle).ok_or_else(|| NoRate("the price does not fit".to_owned()))
}

/// The middle one; of an even count the mean of the middle two.
fn median(sorted: &[u128]) -> Option<u128> {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted.get(middle).copied(),
        _ => sorted.get(middle.checked_sub(1)?).zip(sorted.get(middle)).map(|(low, high)| (low + high) / 2),
    }
}

fn billionths(rate: Rate) -> u128 {
    u128::from(rate.mantissa()) * 10_u128.pow(9 - rate.scale())
}

/// With as many decimals as fit.
fn rate(billionths: u128) -> Option<Rate> {
    (0..=9).rev().find_map(|scale| {
        let mantissa = billionths / 10_u128.pow(9 - scale);
        u64::try_from(mantissa).ok().and_then(|mantissa| Rate::new(mantissa, scale))
    })
}

#[async_trait]
impl Rates for HttpRates {
    async fn mid(&self, _lane: Lane, coin: Coin, fiat: Asset, now: Timestamp) -> Result<Mid, NoRate> {
        let key = (coin, fiat.code());
        let asked = self.asked.lock().expect("no holder of the lock panics").get(&key).copied();
        if asked.is_none_or(|asked| now.duration_since(asked) >= KEPT) {
            self.asked.lock().expect("no holder of the lock panics").insert(key, now);
            let mut samples = Vec::new();
            let mut asking = tokio::task::JoinSet::new();
            for source in self.sources.clone() {
                let client = self.client.clone();
                asking.spawn(async move { ask(&client, &source, coin, fiat, now).await });
            }
            while let Some(answer) = asking.join_next().await {
                samples.extend(answer.ok().flatten());
            }
            if !samples.is_empty() {
                self.known.lock().expect("no holder of the lock panics").insert(key, samples);
            }
        }
        let samples = self.known.lock().expect("no holder of the lock panics").get(&key).cloned().unwrap_or_default();
        agreed(&samples, self.sources.len(), self.rule, now).map(|rate| Mid { rate })
    }
}

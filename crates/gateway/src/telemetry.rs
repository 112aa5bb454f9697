//! What the operator sees: log lines on standard error, figures at `/metrics`.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;

use crate::config::{Config, LogFormat, LogLevel};

/// How often the recorder tidies its samples; without this they would pile up between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upper bounds of the latency histograms, in seconds.
const BUCKETS_S: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Starts logging for the life of the process. A second call (tests) changes nothing.
pub fn log(config: &Config) {
    let level = match config.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // A line that cannot be written (a full disk, a reader that is gone) is lost. To say so on the same standard error would
    // panic, in whichever thread had something to log.
    let lines = lines.log_internal_errors(false);
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    let _ = match config.log_format {
        LogFormat::Text => tracing::subscriber::set_global_default(lines.with_ansi(colours).finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish()),
    };
}

/// Starts counting for the life of the process: the handle renders what was counted. Several servers in one process (tests)
/// count into one recorder.
pub fn count() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(start_counting).clone()
}

fn start_counting() -> PrometheusHandle {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS_S).expect("there are buckets");
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        describe();
    }
    handle
}

/// Tidies the recorder's samples until dropped.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// Every figure that any crate records, with its meaning.
fn describe() {
    describe_counter!("florin_http_requests_total", "Requests answered, by route, method and status.");
    describe_histogram!(
        "florin_http_request_seconds",
        Unit::Seconds,
        "Time to an answer, provider time included, by route."
    );
    describe_gauge!("florin_http_requests_in_flight", "Requests being answered now.");
    describe_gauge!("florin_http_connections", "Connections open now.");
    describe_counter!("florin_http_connections_refused_total", "Connections answered 503 because too many were open.");
    describe_counter!("florin_payment_changes_total", "Changes of a payment's state, by the word for the new state.");
    describe_histogram!("florin_provider_call_seconds", Unit::Seconds, "Time a provider took to answer, by driver.");
    describe_counter!("florin_provider_unknown_total", "Calls to providers without a clear answer, by driver.");
    describe_counter!("florin_webhook_attempts_total", "Attempts to deliver a webhook, by result.");
    describe_counter!("florin_panics_total", "Faults of ours that were caught, by the worker.");
    describe_counter!("florin_store_errors_total", "Times that a worker could not use the database.");
    describe_gauge!("florin_commits_waiting", "Commits in this process's queue.");
    describe_gauge!("florin_webhooks_waiting", "Webhooks neither delivered nor given up.");
    describe_gauge!(
        "florin_webhooks_oldest_seconds",
        Unit::Seconds,
        "How long the longest overdue webhook has been due."
    );
    describe_gauge!(
        "florin_payments_overdue",
        "Payments whose time for a look-up or expiry has come and that wait for a worker."
    );
    describe_gauge!(
        "florin_vault_cards",
        "Stored cards, by the version of the vault's key that seals them; counted each minute."
    );
    describe_gauge!("florin_build_info", "1, labelled with the running version.");
    metrics::gauge!("florin_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

//! Tells the gateway which commit it is built from, for the `buildNumber` of the v3 dialect. `FLORIN_BUILD_COMMIT` and
//! `FLORIN_BUILD_TIME` (Unix seconds) say it where there is no repository; a development build does not look, so that a commit
//! rebuilds nothing.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=FLORIN_BUILD_COMMIT");
    println!("cargo::rerun-if-env-changed=FLORIN_BUILD_TIME");
    println!("cargo::rerun-if-changed=build.rs");
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if release && let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={head}");
    }
    let from_git = |arguments: &[&str]| release.then(|| git(arguments)).flatten();
    let commit = std::env::var("FLORIN_BUILD_COMMIT").ok().or_else(|| from_git(&["rev-parse", "HEAD"]));
    let commit = commit.filter(|commit| commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let time = std::env::var("FLORIN_BUILD_TIME").ok().or_else(|| from_git(&["log", "-1", "--format=%ct"]));
    let time: i64 = time.and_then(|time| time.parse().ok()).unwrap_or(0);
    let commit = commit.unwrap_or_else(|| "0".repeat(40)).to_ascii_lowercase();
    println!("cargo::rustc-env=FLORIN_BUILD_NUMBER={commit}@{} +0000", date(time));
}

/// What git says, if there is one and it knows.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Unix seconds as `YYYY-MM-DD HH:MM:SS`, by the civil calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(time: i64) -> String {
    let (days, second) = (time.div_euclid(86_400) + 719_468, time.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

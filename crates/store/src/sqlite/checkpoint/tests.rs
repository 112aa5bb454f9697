use std::sync::mpsc::sync_channel;

use super::super::connection::{Purpose, open};
use super::{Limits, LogWatch, copy, finish, read};

const SMALL: Limits = Limits { bulk: 40, rest: 10, long: 100 };

/// What the copying thread does when it is woken.
enum Copier {
    Sleeps,
    /// It copies while the writer goes on, and so never reaches the end.
    IsOvertaken,
}

/// Commits a page at a time; returns how long the log has been at most, in pages, and how often it started again.
fn write(commits: u32, copier: Copier, reader: Option<&str>) -> (i64, u32) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("florin.db");
    let writer = open(&path, Purpose::Write).unwrap();
    writer.execute_batch("CREATE TABLE counts (count INTEGER); INSERT INTO counts VALUES (0)").unwrap();
    let connections = [Purpose::Checkpoint, Purpose::Read, Purpose::Read].map(|purpose| open(&path, purpose).unwrap());
    let [copying, overtaken, reading] = connections;
    reading.execute_batch(reader.unwrap_or_default()).unwrap();

    let (wake_up, wake_ups) = sync_channel(1);
    let mut watch = LogWatch::with(&writer, wake_up, SMALL).unwrap();
    let (mut longest, mut last, mut restarts) = (0, 0, 0);
    for commit in 0..commits {
        let is_woken = wake_ups.try_recv().is_ok();
        // A checkpoint goes no further than the oldest reader, so this reader ends it before the commit below.
        overtaken.execute_batch("BEGIN; SELECT count FROM counts").unwrap();
        writer.execute("UPDATE counts SET count = ?1 + 1", [commit]).unwrap();
        match copier {
            Copier::IsOvertaken if is_woken => drop(copy(&copying).unwrap()),
            Copier::IsOvertaken | Copier::Sleeps => {}
        }
        overtaken.execute_batch("COMMIT").unwrap();
        watch.look();
        let written = writer.query_row("PRAGMA wal_checkpoint(NOOP)", [], read).unwrap().written;
        longest = longest.max(written);
        restarts += u32::from(written < last);
        last = written;
    }
    let count: u32 = overtaken.query_row("SELECT count FROM counts", [], |row| row.get(0)).unwrap();
    assert_eq!(count, commits);
    drop((watch, reading));
    finish(&copying);
    assert_eq!(std::fs::metadata(directory.path().join("florin.db-wal")).unwrap().len(), 0);
    (longest, restarts)
}

#[test]
fn the_writer_ends_a_long_log() {
    let (longest, restarts) = write(1_000, Copier::IsOvertaken, None);
    assert!((100..=150).contains(&longest), "{longest}");
    assert!(restarts >= 6, "{restarts}");
}

#[test]
fn the_log_only_grows_while_a_reader_looks_at_its_beginning() {
    assert_eq!(write(300, Copier::IsOvertaken, Some("BEGIN; SELECT count FROM counts")).1, 0);
}

#[test]
fn the_writer_copies_no_bulk() {
    assert_eq!(write(300, Copier::Sleeps, None).1, 0);
}

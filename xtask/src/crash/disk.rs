//! A small file system that is filled under load, and has space again.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Ground;
use super::load::Load;
use super::settle::Story;
use super::tally::Outcome;
use crate::Fallible;
use crate::postgres::{Cluster, free_port, is_root, output};

/// Requests answered 503 before there is space again.
const REFUSALS: u64 = 40;
/// Longer than a server looks for the answer of a payment whose last commit failed before it tells the merchant "pending".
const LONG: Duration = Duration::from_secs(11);

/// A file system in memory, gone with this value.
struct Volume(PathBuf);

impl Volume {
    /// Mounts one of so many MiB; a reason when this machine does not let us.
    fn mount(path: &Path, mib: u32) -> Fallible<Result<Volume, String>> {
        if !is_root()? {
            return Ok(Err("only root can mount a small file system".to_owned()));
        }
        std::fs::create_dir(path)?;
        let size = format!("size={mib}m,mode=0711");
        let mounted = output(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "florin-crash"]).arg(path));
        Ok(mounted.map(|_| Volume(path.to_owned())).map_err(|error| error.to_string().trim().replace('\n', " ")))
    }

    /// Takes all the space that is left.
    fn fill(&self) -> Fallible<()> {
        let mut ballast = File::create(self.0.join("ballast"))?;
        let mut block = vec![0_u8; 1 << 20];
        while !block.is_empty() {
            match ballast.write_all(&block) {
                Ok(()) => {}
                // Smaller and smaller, to the last page.
                Err(error) if error.kind() == ErrorKind::StorageFull => block.truncate(block.len() / 2),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Gives it back.
    fn make_space(&self) -> Fallible<()> {
        Ok(std::fs::remove_file(self.0.join("ballast"))?)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily, since whatever still uses it ends with the run.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The data folder of a node on SQLite.
pub async fn full_under_sqlite(ground: &Ground<'_>) -> Fallible<Outcome> {
    let volume = match Volume::mount(&ground.folder.join("small"), 96)? {
        Ok(volume) => volume,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let site = ground.one_in(&volume.0)?;
    let mut story = Story::default();
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        load.more_answers(ground.options.payments).await?;
        volume.fill()?;
        load.more_refusals(REFUSALS).await?;
        volume.make_space()?;
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
    }
    story.end(site).map(Outcome::Played)
}

/// The cluster of two nodes.
pub async fn full_under_postgres(ground: &Ground<'_>) -> Fallible<Outcome> {
    let volume = match Volume::mount(&ground.folder.join("small"), 256)? {
        Ok(volume) => volume,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let settings = ["max_connections=200", "shared_buffers=16MB", "max_wal_size=64MB", "min_wal_size=32MB"];
    let mut cluster = Cluster::make(ground.programs, &volume.0.join("postgres"), free_port()?, &settings)?;
    cluster.start()?;
    let site = ground.two_on(&cluster.url("postgres"))?;
    let mut story = Story::default();
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        load.more_answers(ground.options.payments).await?;
        volume.fill()?;
        load.more_refusals(REFUSALS).await?;
        if round % 2 == 0 {
            tokio::time::sleep(LONG).await;
        }
        volume.make_space()?;
        // PostgreSQL ends itself when it has no space for its log; its supervisor starts it again.
        if !cluster.is_running() {
            cluster.start()?;
        }
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
    }
    let tally = story.end(site)?;
    cluster.stop()?;
    Ok(Outcome::Played(tally))
}

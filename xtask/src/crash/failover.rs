//! A primary and its synchronous standby: the primary is killed under load, the standby promoted, and two nodes go on.

use std::time::{Duration, Instant};

use super::Ground;
use super::load::Load;
use super::settle::Story;
use super::tally::Tally;
use crate::Fallible;
use crate::postgres::{Cluster, Listen, ROLE, free_port};

/// How long a standby may take to catch up.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);

/// Kills whoever is the primary, and makes a new standby for the next round in its place.
pub async fn promoted(ground: &Ground<'_>) -> Fallible<Tally> {
    let (first, second) = (free_port()?, free_port()?);
    let mut primary = Cluster::make(ground.programs, &ground.folder.join("first-0"), first, &super::SETTINGS)?;
    primary.start()?;
    let mut standby = join(ground, &primary, "second-0", second)?;
    // Both are named, as for libpq; the nodes use the one that can write.
    let url = format!("postgres://{ROLE}@127.0.0.1:{},127.0.0.1:{}/postgres", primary.port(), standby.port());
    let site = ground.two_on(&url)?;
    let mut story = Story::default();
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        load.more_answers(ground.options.payments).await?;
        primary.kill()?;
        standby.promote()?;
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
        if round + 1 < ground.options.rounds {
            // A primary that was killed may have what its standby has not, so it begins again as a copy.
            let (name, listen) = (format!("copy-{round}"), Listen::Port(primary.port()));
            let copy = join(ground, &standby, &name, listen)?;
            (primary, standby) = (standby, copy);
        }
    }
    let tally = story.end(site)?;
    standby.stop()?;
    Ok(tally)
}

/// Makes a standby of a primary, which from then on commits nothing that its standby has not on disk.
fn join<'g>(ground: &Ground<'g>, primary: &Cluster<'g>, name: &str, listen: Listen) -> Fallible<Cluster<'g>> {
    let mut standby = Cluster::standby_of(primary, &ground.folder.join(name), listen)?;
    standby.start()?;
    primary.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
    primary.ask("postgres", "SELECT pg_reload_conf()")?;
    let end = Instant::now() + CATCH_UP_MAX;
    // Both, because a session may be told of the setting before the standby is.
    let is_synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'
        AND current_setting('synchronous_standby_names') = '*'";
    while primary.ask("postgres", is_synchronous)? != "1" {
        if Instant::now() > end {
            return Err(format!("the standby does not catch up:\n{}", standby.last_words()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(standby)
}

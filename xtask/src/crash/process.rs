//! SIGKILL of the process under load.

use super::Ground;
use super::load::Load;
use super::settle::Story;
use super::site::Site;
use super::tally::Tally;
use crate::Fallible;

/// The only process, on SQLite.
pub async fn on_sqlite(ground: &Ground<'_>) -> Fallible<Tally> {
    let site = ground.one_in(&ground.folder)?;
    kill_in_turn(ground, site).await
}

/// One of two on a PostgreSQL database.
pub async fn on_postgres(ground: &Ground<'_>) -> Fallible<Tally> {
    let mut cluster = ground.cluster(&super::SETTINGS)?;
    let site = ground.two_on(&cluster.url("postgres"))?;
    let tally = kill_in_turn(ground, site).await?;
    cluster.stop()?;
    Ok(tally)
}

async fn kill_in_turn(ground: &Ground<'_>, mut site: Site) -> Fallible<Tally> {
    let mut story = Story::default();
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        load.more_answers(ground.options.payments).await?;
        let victim = round as usize % site.nodes.len();
        site.nodes[victim].kill()?;
        // What had no answer has none yet; the others go on.
        site.nodes[victim].start()?;
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
    }
    story.end(site)
}

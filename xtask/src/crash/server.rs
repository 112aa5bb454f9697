//! SIGKILL of PostgreSQL itself, under load of two nodes that are left alone.

use super::Ground;
use super::load::Load;
use super::settle::Story;
use super::tally::Tally;
use crate::Fallible;

/// Kills the server with all its processes, and starts it again.
pub async fn killed(ground: &Ground<'_>) -> Fallible<Tally> {
    let mut cluster = ground.cluster(&super::SETTINGS)?;
    let site = ground.two_on(&cluster.url("postgres"))?;
    let mut story = Story::default();
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        load.more_answers(ground.options.payments).await?;
        cluster.kill()?;
        cluster.start()?;
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
    }
    let tally = story.end(site)?;
    cluster.stop()?;
    Ok(tally)
}

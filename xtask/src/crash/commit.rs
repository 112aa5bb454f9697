//! Connections between the nodes and PostgreSQL cut inside COMMIT, under load.

use super::Ground;
use super::forwarder::Forwarder;
use super::load::Load;
use super::settle::Story;
use super::tally::Tally;
use crate::Fallible;
use crate::postgres::ROLE;

/// Cuts in a round.
const CUTS: u32 = 10;

/// Cuts every few COMMITs, in turn before the server gets it and before the node gets the answer.
pub async fn cut(ground: &Ground<'_>) -> Fallible<Tally> {
    let mut cluster = ground.cluster(&super::SETTINGS)?;
    let forwarder = Forwarder::start(cluster.port()).await?;
    // The forwarder must be able to read what it carries.
    let url = format!("postgres://{ROLE}@127.0.0.1:{}/postgres?sslmode=disable", forwarder.port());
    let site = ground.two_on(&url)?;
    let (mut story, mut cuts) = (Story::default(), 0);
    for round in 0..ground.options.rounds {
        let load = Load::start(&site, round)?;
        forwarder.cut(CUTS);
        load.more_answers(ground.options.payments).await?;
        cuts += forwarder.all_cut().await?;
        load.more_answers(ground.options.payments / 3).await?;
        story.end_round(&site, load).await?;
    }
    story.tally.rounds = cuts;
    let tally = story.end(site)?;
    cluster.stop()?;
    Ok(tally)
}

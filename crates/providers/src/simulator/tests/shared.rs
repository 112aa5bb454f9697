//! The simulator over a book that processes share, on the PostgreSQL server that `FLORIN_TEST_POSTGRES` names.

use std::sync::atomic::AtomicU32;

use tokio_postgres::{Client, NoTls};

use super::*;

/// The environment variable with the URL of a server and its superuser.
const SERVER: &str = "FLORIN_TEST_POSTGRES";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A place for tables of a test's own; dropped with this value.
pub(in crate::simulator) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// An empty one; `None`, with a word about it, when there is no server.
    pub(in crate::simulator) async fn fresh() -> Option<Schema> {
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} is not set; scripts/with-postgres starts a server and sets it");
            return None;
        };
        let name = format!("simulator_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        run(&server, &format!("CREATE SCHEMA {name}")).await;
        Some(Schema { server, name })
    }

    /// A process' book in it.
    pub(in crate::simulator) fn book(&self) -> Book {
        let (server, name) = (self.server.clone(), self.name.clone());
        Book::shared(Box::new(move || {
            let (server, path) = (server.clone(), format!("SET search_path = {name}"));
            Box::pin(async move {
                let client = connect(&server).await;
                client.batch_execute(&path).await.map_err(|error| error.to_string())?;
                Ok(client)
            })
        }))
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        // A thread of its own, because a test's runtime cannot be waited for from within.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&server, &sql));
        });
        let _ = dropping.join();
    }
}

async fn connect(server: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.expect("a session");
    tokio::spawn(connection);
    client
}

async fn run(server: &str, sql: &str) {
    connect(server).await.batch_execute(sql).await.expect("done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_sent_to_two_simulators_charge_once() {
    let Some(schema) = Schema::fresh().await else { return };
    let worlds = [World::over(schema.book()), World::over(schema.book())];
    let copies = (0..100).map(|copy| {
        let simulator = worlds[copy % 2].simulator.clone();
        tokio::spawn(async move { simulator.execute(&sale("a", "10.00 EUR")).await.outcome })
    });
    for copy in copies.collect::<Vec<_>>() {
        assert_eq!(word(&copy.await.expect("an answer")), "approved");
    }
    assert_eq!(worlds[1].charges().await, ["a sale 10.00 EUR"]);
    assert_eq!(worlds[1].simulator.book().attempts("a").await.expect("a book"), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_racing_through_two_simulators_never_exceed_the_sale() {
    let Some(schema) = Schema::fresh().await else { return };
    let worlds = [World::over(schema.book()), World::over(schema.book())];
    worlds[0].execute(&sale("sale", "10.00 EUR")).await;
    let refunds = (0..40).map(|number| {
        let simulator = worlds[number % 2].simulator.clone();
        let refund = on("sale", call(OperationKind::Refund, &format!("refund-{number}"), "3.00 EUR"));
        tokio::spawn(async move { simulator.execute(&refund).await.outcome })
    });
    let mut approved = 0;
    for refund in refunds.collect::<Vec<_>>() {
        approved += usize::from(word(&refund.await.expect("an answer")) == "approved");
    }
    assert_eq!(approved, 3);
    assert_eq!(worlds[0].charges().await.len(), 1 + 3);
}

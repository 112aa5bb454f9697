//! One reference, one charge: under races, repeats and restarts. And no card number on disk.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_charge_once() {
    let world = World::new();
    let copies = (0..100).map(|_| {
        let simulator = world.simulator.clone();
        tokio::spawn(async move { simulator.execute(&sale("a", "10.00 EUR")).await.outcome })
    });
    for copy in copies.collect::<Vec<_>>() {
        assert_eq!(word(&copy.await.expect("an answer")), "approved");
    }
    assert_eq!(world.charges().await, ["a sale 10.00 EUR"]);
    assert_eq!(world.simulator.book().attempts("a").await.expect("a book"), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_refunds_never_exceed_the_sale() {
    let world = World::new();
    world.execute(&sale("a", "10.00 EUR")).await;
    let refunds = (0..20).map(|number| {
        let refund = on("a", call(OperationKind::Refund, &format!("r{number}"), "3.00 EUR"));
        let simulator = world.simulator.clone();
        tokio::spawn(async move { word(&simulator.execute(&refund).await.outcome) })
    });
    let mut approved = 0;
    for refund in refunds.collect::<Vec<_>>() {
        approved += usize::from(refund.await.expect("an answer") == "approved");
    }
    assert_eq!(approved, 3);
}

#[tokio::test]
async fn the_same_reference_gives_the_same_answer() {
    let refused = on("none", call(OperationKind::Refund, "a", "1.00 EUR"));
    for call in [
        sale("a", "10.00 EUR"),
        sale("a", "9051.00 EUR"),
        sale("a", "9105.00 EUR"),
        Call { card: card("4000000000003220"), ..sale("a", "10.00 EUR") },
        Call { card: card("4200000000000034"), ..sale("a", "10.00 EUR") },
        Call { card: card("4200000000000042"), ..sale("a", "10.00 EUR") },
        Call { card: card("4200000000000091"), ..sale("a", "9051.00 EUR") },
        page_of(Method::EWallet, "a", "10.00 EUR"),
        call(OperationKind::Capture, "a", "10.00 EUR"),
        refused,
    ] {
        let world = World::new();
        let first = world.report(&call).await;
        assert_eq!(world.report(&call).await, first, "{call:?}");
        assert_eq!(world.simulator.look_up(&call).await, first, "{call:?}");
        assert_eq!(world.simulator.book().attempts("a").await.expect("a book"), 2);
    }
}

#[tokio::test]
async fn a_used_reference_is_good_for_nothing_else() {
    let world = World::new();
    world.execute(&sale("a", "10.00 EUR")).await;
    assert_eq!(world.execute(&sale("a", "11.00 EUR")).await, Outcome::Unknown(Doubt::Lost));
    assert_eq!(world.charges().await, ["a sale 10.00 EUR"]);
}

#[tokio::test]
async fn a_reopened_book_remembers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("simulator.db");
    let challenge = Call { card: card("4000000000003220"), ..sale("challenge", "10.00 EUR") };
    let pending = sale("pending", "9105.00 EUR");
    {
        let world = World::over(Book::open(&path, unordered()).expect("a new book"));
        world.mailbox.shut.store(true, Ordering::SeqCst);
        world.execute(&sale("paid", "10.00 EUR")).await;
        world.execute(&sale("early", "9103.00 EUR")).await;
        world.execute(&sale("struck", "9107.00 EUR")).await;
        world.execute(&pending).await;
        world.execute(&challenge).await;
    }
    let world = World::over(Book::open(&path, unordered()).expect("the same book"));
    assert_eq!(word(&world.execute(&sale("paid", "10.00 EUR")).await), "approved");
    assert_eq!(word(&world.look_up(&challenge).await), "payer /sim/3ds/challenge");
    assert_eq!(world.act("challenge", Door::Challenge, Action::Approve).await, Acted::Done);
    assert_eq!(word(&world.look_up(&challenge).await), "approved");
    assert_eq!(world.look_up(&pending).await, Outcome::Pending);
    world.later(60).await;
    assert_eq!(
        world.news(),
        ["challenge approved", "early approved", "pending approved", "struck charged back 9107.00 EUR"]
    );
    assert_eq!(world.charges().await.len(), 5);
    assert_eq!(world.simulator.book().attempts("paid").await.expect("a book"), 2);
}

/// Where [`a_process_to_be_killed`] keeps its book; it does nothing without.
const BOOK_OF_THE_KILLED: &str = "FLORIN_TEST_BOOK_OF_THE_KILLED";

#[tokio::test]
async fn what_was_answered_survives_the_process() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("simulator.db");
    let mut child = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "simulator::tests::durability::a_process_to_be_killed", "--nocapture"])
        .env(BOOK_OF_THE_KILLED, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a second process");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let answered: Vec<String> = lines.filter(|line| line.starts_with("paid-")).take(500).collect();
    child.kill().expect("killed");
    child.wait().expect("dead");
    assert_eq!(answered.len(), 500, "the child ended early");
    let world = World::over(Book::open(&path, unordered()).expect("the same book"));
    let charges = world.charges().await;
    for reference in answered {
        assert!(charges.contains(&format!("{reference} sale 10.00 EUR")), "{reference} was answered and forgotten");
    }
}

#[tokio::test]
async fn a_process_to_be_killed() {
    // The child of what_was_answered_survives_the_process; on its own it has nothing to do.
    let Ok(path) = std::env::var(BOOK_OF_THE_KILLED) else { return };
    let world = World::over(Book::open(path.as_ref(), unordered()).expect("a new book"));
    for number in 0_u32.. {
        let reference = format!("paid-{number}");
        world.execute(&sale(&reference, "10.00 EUR")).await;
        println!("\n{reference}");
    }
}

#[tokio::test]
async fn no_card_number_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::over(Book::open(&folder.path().join("simulator.db"), unordered()).expect("a new book"));
    let numbers = ["4111111111111111", "4000000000000341", "4200000000000034", "4000000000003220"];
    for number in numbers {
        world.execute(&Call { card: card(number), ..sale(&format!("s2s-{}", &number[8..]), "10.00 EUR") }).await;
        let reference = format!("page-{}", &number[8..]);
        world.execute(&page_of(Method::Card, &reference, "10.00 EUR")).await;
        world.post(&reference, Door::Pay, &Form { card: card(number), ..Form::default() }).await;
    }
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        for number in numbers {
            let found = bytes.windows(number.len()).any(|window| window == number.as_bytes());
            assert!(!found, "{number} is on disk");
        }
        assert!(!bytes.windows(8).any(|window| window == b"Jane Roe"), "the holder is on disk");
    }
}

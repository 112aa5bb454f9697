//! Provider accounts with secrets: sealed in their rows, told to their driver alone, and never in the audit log.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_engine::audit::{ConfigureError, Who};
use florin_engine::routing::{AccountRefusal, AccountTerms, NewAccount, ProviderChange, Reach, Service, Told};
use florin_kernel::payment::Mode;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};
use florin_kernel::secret::Secret;
use florin_store::memory::MemoryStore;
use florin_store::{ConfigKind, Store};

use crate::lookups::engine_with;

const WHO: Who = Who::CommandLine;

fn terms(settings: &[(&str, Option<&str>)]) -> AccountTerms {
    let told = |text: &Option<&str>| text.map_or(Told::Nothing, |text| Told::This(Secret::new(text.to_owned())));
    AccountTerms {
        code: "acme".to_owned(),
        name: "Acme".to_owned(),
        modes: vec![Mode::Live],
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: None,
        conversion: None,
        settings: settings.iter().map(|(name, text)| ((*name).to_owned(), told(text))).collect::<BTreeMap<_, _>>(),
    }
}

#[tokio::test]
async fn secrets_are_sealed_and_never_told() {
    let store = Arc::new(MemoryStore::new());
    let (engine, _) = engine_with(store.clone(), []).await;
    let new = NewAccount {
        id: None,
        driver: "simulator".to_owned(),
        method: Method::Card,
        merchant: None,
        terms: terms(&[("site", Some("shop 7")), ("api_key", Some("s3cret-1"))]),
    };
    let id = engine.make_account(&WHO, &new).await.expect("made");
    assert_eq!(id, ProviderId::new(216), "after 215");
    let account = || -> Arc<ProviderAccount> {
        let directory = engine.directory();
        directory.catalogue().providers.iter().find(|account| account.id == id).cloned().expect("it is there")
    };
    let secret = || account().secrets.get("api_key").map(|secret| secret.expose().to_owned());
    assert_eq!((secret().as_deref(), account().settings["site"].as_str()), (Some("s3cret-1"), "shop 7"));

    // Taken out of service, renamed and told of another site it keeps its secret.
    let out = ProviderChange { name: Some("Acme 2".to_owned()), service: Some(Service::Out) };
    engine.change_provider(&WHO, Reach::All, id, &out).await.expect("changed");
    engine.change_account(&WHO, id, &terms(&[("site", Some("shop 8"))])).await.expect("changed");
    assert_eq!((secret().as_deref(), account().settings["site"].as_str()), (Some("s3cret-1"), "shop 8"));
    engine.change_account(&WHO, id, &terms(&[("api_key", Some("s3cret-2"))])).await.expect("changed");
    assert_eq!(secret().as_deref(), Some("s3cret-2"));
    let unchanged = engine.audit_entries(None, None, 20).await.expect("the log").len();
    engine.change_account(&WHO, id, &terms(&[("api_key", Some("s3cret-2"))])).await.expect("nothing to do");
    let log = engine.audit_entries(None, None, 20).await.expect("the log");
    assert_eq!(log.len(), unchanged);
    assert_eq!(log[0].after, serde_json::json!({"settings.api_key": "another secret"}));
    engine.change_account(&WHO, id, &terms(&[("api_key", None)])).await.expect("taken away");
    assert_eq!(secret(), None);

    // Nowhere but in the driver's hands.
    engine.change_account(&WHO, id, &terms(&[("api_key", Some("s3cret-3"))])).await.expect("changed");
    let log = engine.audit_entries(None, None, 20).await.expect("the log");
    let rows = store.config(ConfigKind::Provider).await.expect("the store answers");
    for text in
        [format!("{log:?}"), format!("{rows:?}"), format!("{:?}", account()), serde_json::json!(account()).to_string()]
    {
        assert!(!text.contains("s3cret"), "{text}");
    }
    // Another process reads the same.
    let (other, _) = engine_with(store, []).await;
    let directory = other.directory();
    let read = directory.catalogue().providers.iter().find(|account| account.id == id).cloned();
    assert_eq!(read.expect("it is there").secrets.get("api_key").map(Secret::expose), Some("s3cret-3"));

    let taken = NewAccount { id: Some(id), ..new.clone() };
    let refused = engine.make_account(&WHO, &taken).await;
    assert_eq!(refused, Err(ConfigureError::Refused(AccountRefusal::NumberTaken)));
    let unknown = engine.change_account(&WHO, ProviderId::new(999), &new.terms).await;
    assert_eq!(unknown, Err(ConfigureError::Refused(AccountRefusal::NotFound)));
}

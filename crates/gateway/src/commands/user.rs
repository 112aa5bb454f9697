//! `florin user`: people who use the portal, above all the first operator, whom nobody could invite.

use std::process::ExitCode;

use clap::Args;
use florin_engine::audit::Who;
use florin_engine::clock::Clocks;
use florin_engine::directory::Directory;
use florin_engine::keys::{Keyring, MasterKey};
use florin_engine::people::{Door, Grant, Invited, People, PeopleError};
use florin_kernel::MerchantId;
use florin_kernel::user::{Email, Membership, Role};
use florin_store::Store;
use url::Url;

use crate::config::Config;
use crate::database::Place;
use crate::master_key;

/// The flags of `florin user add`.
#[derive(Args, Clone, Debug)]
pub struct AddFlags {
    /// By which they sign in
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Their name; the address when absent
    #[arg(long)]
    pub name: Option<String>,
    /// Make them an operator: all merchants and the installation
    #[arg(long, conflicts_with_all = ["merchant", "role"])]
    pub operator: bool,
    /// Give them a role at this merchant
    #[arg(long, value_name = "ID", required_unless_present = "operator", requires = "role")]
    pub merchant: Option<i64>,
    /// Which one: owner, developer, back_office, approver, read_only
    #[arg(long, requires = "merchant")]
    pub role: Option<String>,
    /// What the link begins with [default: http://ADDR]
    #[arg(long, env = "FLORIN_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,
}

/// The flags of `florin user link`.
#[derive(Args, Clone, Debug)]
pub struct LinkFlags {
    /// Whose
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// What the link begins with [default: http://ADDR]
    #[arg(long, env = "FLORIN_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,
}

/// Adds a user and prints the link.
///
/// # Errors
/// A sentence for the operator.
pub async fn add(config: &Config, flags: &AddFlags) -> Result<ExitCode, String> {
    let (store, key) = open(config).await?;
    let added = added(store.as_ref(), &key, config, flags).await;
    store.close().await;
    println!("{}", added?);
    Ok(ExitCode::SUCCESS)
}

async fn added(store: &dyn Store, key: &MasterKey, config: &Config, flags: &AddFlags) -> Result<String, String> {
    let keyring = Keyring::new(key);
    let grant = match (flags.merchant, flags.role.as_deref()) {
        (Some(merchant), Some(word)) => {
            let merchant = MerchantId::from_number(merchant);
            let role = Role::parse(word).ok_or_else(|| {
                let words = Role::ALL.map(Role::word).join(", ");
                format!("--role {word}: it is one of {words}")
            })?;
            let directory = Directory::load(store, &keyring).await.map_err(|error| error.to_string())?;
            directory.merchant(merchant).ok_or_else(|| format!("--merchant {}: there is none", merchant.number()))?;
            Grant::Member(Membership { merchant, role })
        }
        (_, _) => Grant::Operator,
    };
    let door = Door::default();
    let people = People::new(store, &keyring, &door, Clocks::default().wall());
    let name = flags.name.as_deref().unwrap_or(&flags.email);
    match people.invite(&Who::CommandLine, &flags.email, name, grant).await {
        Ok(Invited::New { token, .. }) => Ok(with_link(config, flags.public_url.as_ref(), token.expose())),
        Ok(Invited::Known { user }) => Ok(format!("{} has a login already and was given the role.", user.email.text())),
        Err(PeopleError::Taken) => Err(format!("{} is there already; florin user link makes a new link", flags.email)),
        Err(PeopleError::Invalid(field)) => Err(format!("--{field}: it cannot be used")),
        Err(error) => Err(error.to_string()),
    }
}

/// Prints another link.
///
/// # Errors
/// A sentence for the operator.
pub async fn link(config: &Config, flags: &LinkFlags) -> Result<ExitCode, String> {
    let (store, key) = open(config).await?;
    let (keyring, door) = (Keyring::new(&key), Door::default());
    let people = People::new(store.as_ref(), &keyring, &door, Clocks::default().wall());
    let made = match Email::parse(&flags.email) {
        Some(email) => people.renew_link(&Who::CommandLine, people.id_of(&email), None).await,
        None => Err(PeopleError::NotFound),
    };
    store.close().await;
    match made {
        Ok(token) => println!("{}", with_link(config, flags.public_url.as_ref(), token.expose())),
        Err(PeopleError::NotFound) => {
            return Err(format!("--email {}: there is no such user, or they are disabled", flags.email));
        }
        Err(error) => return Err(error.to_string()),
    }
    Ok(ExitCode::SUCCESS)
}

fn with_link(config: &Config, public_url: Option<&Url>, token: &str) -> String {
    let base = match public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => config.links_begin_with(config.listen),
    };
    format!(
        "Give them this link; it is good for one use within 72 hours, and is not shown again:\n{base}/portal/invitation/{token}"
    )
}

/// The database with its key. Both are made where there are none yet, so that the first operator can be there before the first start.
async fn open(config: &Config) -> Result<(std::sync::Arc<dyn Store>, MasterKey), String> {
    super::serve::make_folder(config)?;
    let place = Place::of(config).map_err(|error| error.to_string())?;
    let found = master_key::find_or_make(config, &place, std::env::var(master_key::VARIABLE).ok());
    let found = found.map_err(|error| error.to_string())?;
    let store = place.open(config.queue_max).await.map_err(|error| error.to_string())?;
    let key = master_key::settle(store.as_ref(), found, config, &place).await.map_err(|error| error.to_string())?;
    Ok((store, key))
}

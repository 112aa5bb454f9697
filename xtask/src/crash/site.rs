//! An installation: one or two nodes on a database, and how its books are reached.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::node::{Address, Node};
use crate::Fallible;

/// Nodes on one database.
pub struct Site {
    pub nodes: Vec<Node>,
    /// The folder of the first node, which has the master key.
    pub data: PathBuf,
    /// The database's URL; the file in the data folder without.
    pub database: Option<String>,
    /// What the demo merchant knows.
    pub demo: Demo,
}

/// The demo's credentials.
#[derive(Clone, Debug)]
pub struct Demo {
    pub api_key: String,
    pub admin_token: String,
}

impl Site {
    /// Starts `count` nodes with their data in a folder.
    ///
    /// # Errors
    /// One does not start.
    pub fn start(binary: &Path, folder: &Path, database: Option<&str>, count: usize) -> Fallible<Site> {
        let first = folder.join("node-0");
        let mut nodes = Vec::new();
        for number in 0..count {
            let data = folder.join(format!("node-{number}"));
            std::fs::create_dir_all(&data)?;
            let mut flags = Vec::new();
            if let Some(database) = database {
                flags.extend(["--database".to_owned(), database.to_owned()]);
            }
            if number > 0 {
                flags.extend(["--master-key-file".to_owned(), first.join("master.key").display().to_string()]);
                flags.extend(["--vault-key-file".to_owned(), first.join("vault.key").display().to_string()]);
            }
            let mut node = Node::new(binary, &data, flags);
            node.start()?;
            nodes.push(node);
        }
        let demo = Demo::read(&first)?;
        Ok(Site { nodes, data: first, database: database.map(str::to_owned), demo })
    }

    /// Where the nodes listen.
    pub fn addresses(&self) -> Vec<Address> {
        self.nodes.iter().map(|node| node.address().clone()).collect()
    }

    /// Ends all nodes as an operator does.
    ///
    /// # Errors
    /// One does not end.
    pub fn stop(&mut self) -> Fallible<()> {
        self.nodes.iter_mut().try_for_each(Node::stop)
    }
}

impl Demo {
    fn read(data: &Path) -> Fallible<Demo> {
        let text = std::fs::read_to_string(data.join("demo.json"))?;
        let demo: Value = serde_json::from_str(&text)?;
        let field = |part: &str, name: &str| {
            let text = demo[part][name].as_str();
            text.map(str::to_owned).ok_or_else(|| format!("demo.json has no {part}.{name}"))
        };
        Ok(Demo { api_key: field("cashier", "api_key")?, admin_token: field("admin", "token")? })
    }
}

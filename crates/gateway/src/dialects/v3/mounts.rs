//! Where this dialect is mounted, which of its two profiles a mount speaks, and paths as clients build them (contract, section 1).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::dialects::prefix;

#[cfg(test)]
mod tests;

/// Which clients a mount is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Payments v3.
    #[default]
    V3,
    /// Clients of the older platform.
    Oppwa,
}

impl Profile {
    /// The version segment: paths in answers begin with it.
    pub const fn version(self) -> &'static str {
        match self {
            Profile::V3 => "v3",
            Profile::Oppwa => "v1",
        }
    }
}

/// A place where the dialect answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What stands before the version: empty, or `/gateway`.
    pub prefix: String,
    /// Which clients it is for.
    pub profile: Profile,
}

/// What the operator can set: the section `[v3]` of `florin.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountSettings {
    /// What may stand before `/v3`; the empty one is `/v3` itself.
    pub prefixes: Vec<String>,
    /// What stands before `/v1` for clients of the older platform.
    pub oppwa_prefixes: Vec<String>,
    /// Where all requests are sent on to, once this host has moved.
    pub redirect_to: Option<Url>,
    /// Whether requests that no trusted proxy took by https are sent on to https.
    pub force_https: bool,
    /// Requests a second of one credential; 0: as many as it likes.
    pub requests_per_second: u32,
}

impl Default for MountSettings {
    fn default() -> MountSettings {
        MountSettings {
            prefixes: ["", "/gateway", "/eastpay", "/pay"].map(str::to_owned).to_vec(),
            oppwa_prefixes: vec!["/oppwa".to_owned()],
            redirect_to: None,
            force_https: false,
            requests_per_second: 0,
        }
    }
}

impl MountSettings {
    /// The mounts, each once.
    ///
    /// # Errors
    /// A sentence for the operator, when a prefix has no right form or another row of the paths owns it.
    pub fn mounts(&self) -> Result<Vec<Mount>, String> {
        let of = |prefixes: &[String], profile| {
            prefixes.iter().map(|prefix| Mount { prefix: prefix.clone(), profile }).collect::<Vec<_>>()
        };
        let mounts = [of(&self.prefixes, Profile::V3), of(&self.oppwa_prefixes, Profile::Oppwa)].concat();
        for (place, mount) in mounts.iter().enumerate() {
            mount.check()?;
            let clash = mounts.iter().enumerate().find(|(at, other)| *at != place && other.owns(&mount.path()));
            if let Some((_, other)) = clash {
                return Err(format!("{}: {} lies below {}", mount.setting(), mount.path(), other.path()));
            }
        }
        match mounts.iter().any(|mount| mount.profile == Profile::V3) {
            true => Ok(mounts),
            false => Err("v3.prefixes: must name one prefix at least".to_owned()),
        }
    }
}

impl Mount {
    /// Where it begins: `/gateway/v3`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.prefix, self.profile.version())
    }

    /// A path as answers write it: from the version on, because clients put their base URL in front.
    pub fn resource(&self, rest: &str) -> String {
        format!("/{}/{rest}", self.profile.version())
    }

    /// The ways in which routes must name it: clients whose base URL ends with a slash send an empty segment.
    pub fn spellings(&self) -> Vec<String> {
        let path = self.path();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let spell = |spelling: u32| {
            let slash = |place: usize| if spelling & (1 << place) == 0 { "/" } else { "//" };
            segments.iter().enumerate().map(|(place, segment)| slash(place).to_owned() + segment).collect()
        };
        (0..1 << segments.len()).map(spell).collect()
    }

    /// The segments below the mount of a path that a route has led here: empty ones are dropped, and a version segment that is
    /// there twice counts once.
    pub fn segments<'p>(&self, path: &'p str) -> Vec<&'p str> {
        // Those of the prefix, and the version.
        let own = self.prefix.matches('/').count() + 1;
        let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).skip(own).collect();
        if segments.first() == Some(&self.profile.version()) {
            segments.remove(0);
        }
        segments
    }

    fn setting(&self) -> &'static str {
        match self.profile {
            Profile::V3 => "v3.prefixes",
            Profile::Oppwa => "v3.oppwa_prefixes",
        }
    }

    fn check(&self) -> Result<(), String> {
        let (prefix, setting) = (&self.prefix, self.setting());
        if !prefix.is_empty() && prefix::segments(prefix).is_none() {
            return Err(format!(
                "{setting}: {prefix:?} must be empty or a path such as /gateway, without a slash at its end"
            ));
        }
        // Of /pay another dialect owns single segments and /pay/v2; the rest is free.
        let first = self.path().split('/').nth(1).unwrap_or_default().to_owned();
        let owned = prefix::is_owned(&first) || matches!(first.as_str(), "api" | "v2") || prefix.starts_with("/pay/v2");
        match owned {
            true => Err(format!("{setting}: {} belongs to another part of Florin (see /docs)", self.path())),
            false => Ok(()),
        }
    }

    fn owns(&self, path: &str) -> bool {
        let own = self.path();
        path == own || path.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

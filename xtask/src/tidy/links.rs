//! Links in Markdown that lead to files of this repository.

use std::path::{Component, Path, PathBuf};

use super::Fault;

/// Refuses links to files that are not there. Links to the web are not followed.
pub fn resolve(path: &str, text: &str, exists: &dyn Fn(&Path) -> bool) -> Vec<Fault> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(line) {
            let file = target.split(['#', '?']).next().unwrap_or(target);
            if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !inside(&folder.join(file)).is_some_and(|place| exists(&place)) {
                let text = format!("the link leads to `{target}`, which is not there; correct or remove it");
                faults.push(Fault { path: path.to_owned(), line: at + 1, text });
            }
        }
    }
    faults
}

/// What stands in `[…](here)` and `[…]: here`.
fn targets(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(reference).collect()
}

/// The path without `.` and `..`; `None` where it leaves the repository.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut place = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::ParentDir => place.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(place)
}

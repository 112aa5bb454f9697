//! Files with keys in them: readable by their owner only, on disk before anybody goes by them, never half written.

use std::io::Write;
use std::path::Path;

/// Writes a secret into a new file; one that is there is never overwritten.
///
/// # Errors
/// The file is there, or cannot be written.
pub fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        file.write_all(b"\n")?;
    }
    file.sync_all()
}

/// Puts a secret in the place of a file: whoever reads it finds the old text or the new one, also after a crash.
///
/// # Errors
/// The folder cannot be written.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = Path::new(&name);
    match std::fs::remove_file(beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        // What a crash left there was never in force.
        Ok(()) | Err(_) => {}
    }
    create(beside, text)?;
    std::fs::rename(beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

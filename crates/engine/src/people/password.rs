//! Passwords: what is kept of one (Argon2id, RFC 9106, with the parameters that OWASP recommends), and what one must be like. Hashing is
//! heavy on purpose, so few are computed at a time and few may wait; the rest is told to come back.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, PasswordHash};
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Memory of one hash.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// Computed at a time: each takes a thread and its memory for some 30 ms.
const AT_A_TIME: usize = 2;
/// Computed or waiting; beyond them a caller is told to come back.
const ADMITTED: usize = 16;
/// Characters a password has at least (OWASP ASVS 5.0, 6.2.1 asks for 8 and recommends 15).
pub const LENGTH_MIN: usize = 12;
const LENGTH_MAX: usize = 128;

/// Who computes hashes, and how many at once.
pub struct Hashing {
    admitted: Semaphore,
    computed: Semaphore,
}

/// A place among those whose passwords are looked at.
pub(super) struct Place<'h> {
    hashing: &'h Hashing,
    _admitted: SemaphorePermit<'h>,
}

/// Too many passwords are being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing { admitted: Semaphore::new(ADMITTED), computed: Semaphore::new(AT_A_TIME) }
    }
}

impl Hashing {
    /// Takes a place, or says that there is none.
    pub(super) fn enter(&self) -> Result<Place<'_>, Busy> {
        let admitted = self.admitted.try_acquire().map_err(|_| Busy)?;
        Ok(Place { hashing: self, _admitted: admitted })
    }
}

impl Place<'_> {
    /// What is kept of a password.
    pub(super) async fn hash(&self, password: &Secret) -> PasswordHash {
        let mut salt = [0; SALT_LENGTH];
        getrandom::fill(&mut salt).expect("the system's random source answers");
        let password = password.clone();
        self.compute(move || made(&password, &salt)).await
    }

    /// Whether it is the password. Where there is no hash it takes as long, so that nobody can tell.
    pub(super) async fn verify(&self, password: &Secret, hash: Option<&PasswordHash>) -> bool {
        let (password, hash) = (password.clone(), hash.cloned());
        self.compute(move || match hash {
            Some(hash) => is_of(&password, &hash),
            None => {
                let _ = made(&password, &[0; SALT_LENGTH]);
                false
            }
        })
        .await
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _turn = self.hashing.computed.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

/// In the PHC string format, so that later parameters can stand beside these.
fn made(password: &Secret, salt: &[u8]) -> PasswordHash {
    let hash = computed(password, salt, MEMORY_KIB, PASSES).expect("our own parameters are good");
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    PasswordHash::new(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
}

fn computed(password: &Secret, salt: &[u8], memory_kib: u32, passes: u32) -> Option<[u8; HASH_LENGTH]> {
    let params = Params::new(memory_kib, passes, LANES, Some(HASH_LENGTH)).ok()?;
    let mut hash = [0; HASH_LENGTH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.expose().as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

/// Compares, by the parameters that the hash was made with.
fn is_of(password: &Secret, hash: &PasswordHash) -> bool {
    let parts: Vec<&str> = hash.expose().split('$').collect();
    let ["", "argon2id", "v=19", params, salt, expected] = parts[..] else { return false };
    let numbers: Option<Vec<u32>> =
        params.split(',').map(|pair| pair.split_once('=').and_then(|(_, number)| number.parse().ok())).collect();
    let Some([memory_kib, passes, LANES]) = numbers.as_deref() else { return false };
    let (Ok(salt), Ok(expected)) = (STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(expected)) else {
        return false;
    };
    let found = computed(password, &salt, *memory_kib, *passes);
    found.is_some_and(|found| bool::from(found.ct_eq(&expected)))
}

/// Why a text is no password for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`LENGTH_MIN`] characters.
    Short,
    /// More than can be meant.
    Long,
    /// One that everybody tries: a few characters again and again, or the user's own address.
    Guessable,
}

/// Looks whether a text may be somebody's password.
///
/// # Errors
/// [`Weak`].
pub(super) fn check(password: &Secret, email: &Email) -> Result<(), Weak> {
    let text = password.expose();
    match text.chars().count() {
        ..LENGTH_MIN => return Err(Weak::Short),
        LENGTH_MAX.. => return Err(Weak::Long),
        LENGTH_MIN..LENGTH_MAX => {}
    }
    let lower = text.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let own = [email.text(), email.local()].into_iter().any(|own| own.len() > 3 && lower.contains(own));
    let common = ["password", "passwort", "12345678", "qwertyui", "letmein", "florin"];
    let tried =
        common.iter().any(|word| lower.replace(word, "").chars().count() < LENGTH_MIN / 2 && lower.contains(word));
    if different.len() < 5 || own || tried { Err(Weak::Guessable) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Hashing, Weak, check, is_of};
    use florin_kernel::secret::Secret;
    use florin_kernel::user::{Email, PasswordHash};

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_its_hash_is_never_the_same() {
        let hashing = Hashing::default();
        let place = hashing.enter().expect("a place");
        let (first, second) = (place.hash(&secret("correct horse")).await, place.hash(&secret("correct horse")).await);
        assert_ne!(first, second);
        assert!(first.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(place.verify(&secret("correct horse"), Some(&second)).await);
        assert!(!place.verify(&secret("correct house"), Some(&second)).await);
        assert!(!place.verify(&secret("correct horse"), None).await);
    }

    #[test]
    fn other_parameters_are_read_from_the_hash() {
        let made = super::computed(&secret("password"), b"somesaltsomesalt", 64, 3).expect("good parameters");
        use base64::Engine as _;
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
        let text = format!("$argon2id$v=19$m=64,t=3,p=1${}${}", encode(b"somesaltsomesalt"), encode(&made));
        assert!(is_of(&secret("password"), &PasswordHash::new(text.clone())));
        assert!(!is_of(&secret("passwore"), &PasswordHash::new(text)));
        for broken in ["", "$argon2id$v=19$m=64,t=3,p=1$x", "$argon2i$v=19$m=64,t=3,p=1$c29tZXNhbHQ$AAAA", "plain"] {
            assert!(!is_of(&secret("password"), &PasswordHash::new(broken.to_owned())), "{broken}");
        }
    }

    #[tokio::test]
    async fn few_are_looked_at_at_a_time() {
        let hashing = Hashing::default();
        let places: Vec<_> = (0..16).map(|_| hashing.enter().expect("a place")).collect();
        assert!(hashing.enter().is_err());
        drop(places);
        assert!(hashing.enter().is_ok());
    }

    #[test]
    fn weak_passwords_are_told_why() {
        let email = Email::parse("josephine@example.com").expect("an address");
        let check = |text: &str, expected| assert_eq!(check(&secret(text), &email), expected, "{text}");
        check("correct horse battery", Ok(()));
        check("elevenchars", Err(Weak::Short));
        check(&"ab".repeat(90), Err(Weak::Long));
        check("abababababab", Err(Weak::Guessable));
        check("josephine-2026", Err(Weak::Guessable));
        check("password1234", Err(Weak::Guessable));
        check("äöüßéèêñçåøæ", Ok(()));
    }
}

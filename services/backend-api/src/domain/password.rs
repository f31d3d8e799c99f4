//! Passwords and their hashes.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use super::invalid::Invalid;

/// Memory of one hash, in KiB; with [`PASSES`] and one lane the first choice of the OWASP Password Storage Cheat Sheet.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;

/// The hash of no password that anybody knows. Checking against it takes as long as checking against a real one, so that
/// the time of a refusal does not tell whether the address has an account.
pub const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password of 8 to 128 characters, any characters but NUL (NIST SP 800-63B §5.1.1.2: length counts, composition does
/// not).
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The shortest password, in characters.
    pub const MIN_CHARS: usize = 8;
    /// The longest password, in characters.
    pub const MAX_CHARS: usize = 128;

    /// Reads a password that somebody chose.
    ///
    /// # Errors
    /// `password_too_short`, `password_too_long`, `control_character` (only NUL is refused).
    pub fn parse(text: String) -> Result<Self, Invalid> {
        if text.contains('\0') {
            return Err(Invalid::new("control_character", "A password cannot contain NUL (U+0000)."));
        }
        match text.chars().count() {
            ..Self::MIN_CHARS => Err(Invalid::new("password_too_short", "A password has at least 8 characters.")),
            Self::MIN_CHARS..=Self::MAX_CHARS => Ok(Self(text)),
            _ => Err(Invalid::new("password_too_long", "A password has at most 128 characters.")),
        }
    }

    /// Its argon2id hash as a PHC string. Takes tens of milliseconds of CPU and 19 MiB.
    ///
    /// # Errors
    /// None that `salt` or a valid password can cause.
    pub fn hash(&self, salt: &[u8; 16]) -> Result<String, Error> {
        let params = Params::new(MEMORY, PASSES, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(argon2.hash_password_with_salt(self.0.as_bytes(), salt)?.to_string())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether `text`, valid or not, is the password that `hash` (a PHC string) was made of. Costs what making the hash did.
///
/// # Errors
/// When the hash cannot be read.
pub fn matches(text: &str, hash: &str) -> Result<bool, Error> {
    match Argon2::default().verify_password(text.as_bytes(), &PasswordHash::new(hash)?) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_password_has_8_to_128_characters() {
        for text in ["12345678", "        ", "пароль-1", "a\nb\tc def", &"é".repeat(128)] {
            assert!(Password::parse(text.to_owned()).is_ok(), "{text:?}");
        }
        for (text, code) in [
            ("", "password_too_short"),
            ("ééééééé", "password_too_short"),
            (&*"x".repeat(129), "password_too_long"),
            ("1234\u{0}5678", "control_character"),
        ] {
            assert_eq!(Password::parse(text.to_owned()).unwrap_err().code, code, "{text:?}");
        }
    }

    #[test]
    fn only_the_password_matches_its_hash() {
        let hash = password("correct horse").hash(&[7; 16]).unwrap();
        assert!(matches("correct horse", &hash).unwrap());
        for wrong in ["Correct horse", "correct horse ", "", &"x".repeat(200_000)] {
            assert!(!matches(wrong, &hash).unwrap());
        }
        assert_ne!(password("correct horse").hash(&[8; 16]).unwrap(), hash);
        assert!(matches("correct horse", "not a hash").is_err());
    }

    #[test]
    fn nobodys_hash_costs_what_others_cost() {
        let hash = password("correct horse").hash(&[7; 16]).unwrap();
        let cost = |hash: &str| hash.rsplitn(3, '$').last().unwrap().to_owned();
        assert_eq!(cost(NOBODYS_HASH), "$argon2id$v=19$m=19456,t=2,p=1");
        assert_eq!(cost(&hash), cost(NOBODYS_HASH));
        assert_eq!(hash.len(), NOBODYS_HASH.len());
        assert!(!matches("correct horse", NOBODYS_HASH).unwrap());
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", password("correct horse")), "***");
    }
}

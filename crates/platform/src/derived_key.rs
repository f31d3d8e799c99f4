//! Keys for one purpose each, all derived from one secret.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::config::Secret;

/// HMAC-SHA256 under a key that serves one purpose: knowing what it made says nothing about the secret or its other uses.
#[derive(Clone, Debug)]
pub struct DerivedKey(Hmac<Sha256>);

impl DerivedKey {
    /// The key for `purpose`: HMAC-SHA256 of the purpose under `secret`.
    pub fn new(secret: &Secret, purpose: &str) -> Self {
        let derived = keyed(secret.expose().as_bytes()).chain_update(purpose).finalize();
        Self(keyed(&derived.into_bytes()))
    }

    /// The code that authenticates `message`.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// Whether `mac` is the code of `message`; says nothing by its duration.
    pub fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        self.0.clone().chain_update(message).verify_slice(mac).is_ok()
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let (one, other) = (DerivedKey::new(&secret, "one"), DerivedKey::new(&secret, "other"));
        let mac = one.mac(b"message");
        assert!(DerivedKey::new(&secret, "one").verifies(b"message", &mac));
        assert!(!other.verifies(b"message", &mac));
        assert!(!one.verifies(b"massage", &mac));
        assert!(!one.verifies(b"message", &mac[..31]) && !one.verifies(b"message", &[]));
    }
}

//! Places in lists, sealed: a client can keep one and give it back, but not make one up or use it for another list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::config::Secret;
use platform::derived_key::DerivedKey;
use platform::problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the seal in front of the position.
const SEAL: usize = 16;

/// Seals and opens cursors.
#[derive(Clone, Debug)]
pub struct CursorSeal(DerivedKey);

impl CursorSeal {
    /// A seal under a key of its own, derived from `secret`.
    pub fn new(secret: &Secret) -> Self {
        Self(DerivedKey::new(secret, "tidings-list-cursor"))
    }

    /// The cursor for `position` in the list that `list` names: the caller and everything they asked for.
    pub fn seal(&self, list: &str, position: &impl Serialize) -> String {
        let position = serde_json::json!(position).to_string();
        let mut sealed = self.mac(list, position.as_bytes()).to_vec();
        sealed.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The position of a cursor that this seal made for `list`.
    ///
    /// # Errors
    /// 400 `cursor_invalid` for any other text.
    pub fn open<T: DeserializeOwned>(&self, list: &str, cursor: &str) -> Result<T, Problem> {
        let invalid = || {
            let detail = "Take the cursor from next_cursor of the same list, with the same filters and order.";
            Problem::unreadable("cursor_invalid", detail)
        };
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (seal, position) = sealed.split_at_checked(SEAL).ok_or_else(invalid)?;
        let expected = self.mac(list, position);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_slice(), seal)) {
            return Err(invalid());
        }
        serde_json::from_slice(position).map_err(|_| invalid())
    }

    fn mac(&self, list: &str, position: &[u8]) -> [u8; SEAL] {
        let mac = self.0.mac(&[list.as_bytes(), &[0], position].concat());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&mac[..SEAL]);
        seal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_own_list() {
        let seal = CursorSeal::new(&Secret::new("0123456789abcdef0123456789abcdef"));
        let cursor = seal.seal("alice?status=todo", &7);
        assert_eq!(seal.open::<i32>("alice?status=todo", &cursor).unwrap(), 7);
        assert_eq!(seal.open::<i32>("bob?status=todo", &cursor).unwrap_err().code(), "cursor_invalid");
        let mut tampered = cursor.into_bytes();
        for at in 0..tampered.len() {
            let original = tampered[at];
            tampered[at] = if original == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(tampered.clone()).unwrap();
            assert!(seal.open::<i32>("alice?status=todo", &text).is_err(), "position {at}");
            tampered[at] = original;
        }
        for text in ["", "!", "AAAA"] {
            assert!(seal.open::<i32>("alice?status=todo", text).is_err());
        }
    }
}

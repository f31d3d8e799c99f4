//! Notices of other systems: where on the audit trail they are.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The place of the notices that concern a user. It is no workspace that anybody is a member of: a notice may come before its
/// user was ever seen, is shown to that user alone, and is never taken for something that happened to a task.
pub fn place_of_notices(user_id: &str) -> Uuid {
    let hash: [u8; 32] =
        Sha256::new().chain_update("tidings external notices\n").chain_update(user_id).finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_a_place_of_their_own_that_stays() {
        assert_eq!(place_of_notices("456"), place_of_notices("456"));
        assert_ne!(place_of_notices("456"), place_of_notices("457"));
        assert_eq!(place_of_notices("456").get_version_num(), 8, "never an id that we give");
    }
}

//! The rules, without input or output.

pub(crate) mod client_message;
pub(crate) mod credentials;
pub(crate) mod ending;
pub(crate) mod last_seen;
pub(crate) mod membership;
pub(crate) mod server_message;
pub(crate) mod session;

//! Identity: who signed this token, and whom does it name?
//!
//! A token is believed when one of the configured [`TrustedIssuer`]s signed it, with a key of that issuer's JWKS, for our
//! audience, and it has not expired ([`Verifier`]). Whatever cannot be checked is refused: 401 when the token is at
//! fault, 503 when the issuer's keys cannot be had ([`AuthError`]). [`SigningKeys`] is the other side: the issuer that is
//! built in.

mod bearer;
mod claims;
mod error;
mod issuer;
mod jwk;
mod jwks;
mod signing;
mod token;
mod verifier;

pub use bearer::bearer;
pub use claims::{Identity, is_plain};
pub use error::AuthError;
pub use issuer::TrustedIssuer;
pub use jsonwebtoken::Algorithm;
pub use jwk::VerificationKey;
pub use jwks::JwksCache;
pub use signing::{Claims, SigningKeys, WeakSecret};
pub use verifier::Verifier;

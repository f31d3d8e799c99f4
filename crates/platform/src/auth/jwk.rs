//! The keys of an issuer: a JWK set (RFC 7517 §5) reduced to what may verify its tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The shortest RSA modulus, in bytes (2048 bits: RFC 7518 §3.3).
const MIN_RSA_MODULUS: usize = 256;

/// What an RSA key can be used for (RFC 7518 §3.3, §3.5).
const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// A public key that may verify tokens.
#[derive(Clone, Debug)]
pub struct VerificationKey {
    id: String,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl VerificationKey {
    /// The Ed25519 key `x` under the name `id`.
    pub(super) fn ed25519(id: &str, x: &VerifyingKey) -> Self {
        Self { id: id.to_owned(), algorithms: vec![Algorithm::EdDSA], key: DecodingKey::from_ed_der(x.as_bytes()) }
    }

    /// The key of a JWK, if it has an id and may verify signatures of one of the `allowed` algorithms.
    ///
    /// A JWK without `use` is accepted (Better Auth publishes none). Everything that the verification later takes for
    /// granted is checked here: a key of the wrong length, on another curve or of small order never gets in.
    fn from_jwk(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let id = jwk.common.key_id.clone().filter(|id| !id.is_empty())?;
        if !is_for_verification(jwk) {
            return None;
        }
        let suitable = suitable_algorithms(&jwk.algorithm)?;
        let named = |algorithm: &Algorithm| jwk.common.key_algorithm.is_none_or(|name| name == (*algorithm).into());
        let algorithms: Vec<_> =
            allowed.iter().copied().filter(|algorithm| suitable.contains(algorithm)).filter(named).collect();
        if algorithms.is_empty() {
            return None;
        }
        Some(Self { id, algorithms, key: DecodingKey::from_jwk(jwk).ok()? })
    }

    /// Whether it is the key `id` and may verify signatures made with `algorithm`.
    pub(super) fn is(&self, id: &str, algorithm: Algorithm) -> bool {
        self.id == id && self.algorithms.contains(&algorithm)
    }

    /// Whether `signature` (base64url) is one of `signed` made with `algorithm` and the private half of this key.
    pub(super) fn verifies(&self, signed: &str, signature: &str, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.key, algorithm).unwrap_or(false)
    }
}

/// The keys of a JWKS document that may verify tokens signed with one of `allowed`; the others are left out, also those
/// that make no sense, so that one odd key does not take the rest away.
///
/// # Errors
/// When it is not a JWK set at all.
pub(super) fn parse_set(document: &[u8], allowed: &[Algorithm]) -> Result<Vec<VerificationKey>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(document)?;
    let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(jwks.filter_map(|jwk| VerificationKey::from_jwk(&jwk, allowed)).collect())
}

fn is_for_verification(jwk: &Jwk) -> bool {
    let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = jwk.common.key_operations.as_ref();
    is_for_signatures && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// What a key with these parameters can be used for, if it is a sound one.
fn suitable_algorithms(parameters: &AlgorithmParameters) -> Option<&'static [Algorithm]> {
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    match parameters {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            let point: [u8; 32] = decode(&pair.x)?.try_into().ok()?;
            let key = VerifyingKey::from_bytes(&point).ok()?;
            (!key.is_weak()).then_some(&[Algorithm::EdDSA])
        }
        AlgorithmParameters::EllipticCurve(point) => {
            let (length, algorithms): (_, &'static [Algorithm]) = match point.curve {
                EllipticCurve::P256 => (32, &[Algorithm::ES256]),
                EllipticCurve::P384 => (48, &[Algorithm::ES384]),
                _ => return None,
            };
            (decode(&point.x)?.len() == length && decode(&point.y)?.len() == length).then_some(algorithms)
        }
        AlgorithmParameters::RSA(key) => {
            let modulus = decode(&key.n)?;
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            (length >= MIN_RSA_MODULUS).then_some(&RSA)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8037 appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn accepted(key: &Value, allowed: &[Algorithm]) -> bool {
        !parse_set(json!({ "keys": [key] }).to_string().as_bytes(), allowed).unwrap().is_empty()
    }

    #[test]
    fn an_ed25519_key_needs_no_use_and_no_algorithm() {
        for extra in [json!({}), json!({"use": "sig"}), json!({"alg": "EdDSA"}), json!({"key_ops": ["verify"]})] {
            let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "k"});
            key.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            assert!(accepted(&key, &[Algorithm::EdDSA]), "{key}");
        }
    }

    #[test]
    fn what_cannot_verify_is_left_out() {
        let short = URL_SAFE_NO_PAD.encode([9; 31]);
        let long = URL_SAFE_NO_PAD.encode([9; 33]);
        let of_small_order = URL_SAFE_NO_PAD.encode([0; 32]);
        let keys = [
            json!({"kty": "OKP", "crv": "Ed25519", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": ""}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "k", "use": "enc"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "k", "key_ops": ["sign"]}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "k", "alg": "HS256"}),
            json!({"kty": "OKP", "crv": "X25519", "x": X, "kid": "k"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": short, "kid": "k"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": long, "kid": "k"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": of_small_order, "kid": "k"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": 1, "kid": "k"}),
            json!({"kty": "oct", "k": X, "kid": "k"}),
            json!({"kty": "EC", "crv": "P-256", "x": X, "y": X, "kid": "k"}),
            json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([255; 256]), "e": "AQAB", "kid": "k"}),
            json!("a key"),
            json!(null),
        ];
        for key in keys {
            assert!(!accepted(&key, &[Algorithm::EdDSA]), "{key}");
        }
    }

    #[test]
    fn other_kinds_of_keys_are_for_issuers_that_may_use_them() {
        let rsa = |bytes| json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(vec![255; bytes]), "e": "AQAB", "kid": "k"});
        assert!(accepted(&rsa(256), &[Algorithm::RS256]));
        assert!(!accepted(&rsa(128), &[Algorithm::RS256]));
        let ec = |curve| json!({"kty": "EC", "crv": curve, "x": X, "y": X, "kid": "k"});
        assert!(accepted(&ec("P-256"), &[Algorithm::ES256]));
        assert!(!accepted(&ec("P-384"), &[Algorithm::ES384]));
    }

    #[test]
    fn one_odd_key_does_not_take_the_others_away() {
        let set = json!({"keys": [7, {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "k"}, {"kty": "new"}]});
        let keys = parse_set(set.to_string().as_bytes(), &[Algorithm::EdDSA]).unwrap();
        assert!(keys.len() == 1 && keys[0].is("k", Algorithm::EdDSA));
        assert!(parse_set(b"<html>", &[Algorithm::EdDSA]).is_err());
        assert!(parse_set(b"{}", &[Algorithm::EdDSA]).is_err());
    }
}

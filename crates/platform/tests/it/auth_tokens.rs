//! Which tokens are believed, and how the others are refused.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::auth::{Identity, TrustedIssuer, Verifier};
use serde_json::{Value, json};

use crate::auth_issuer::{Answer, ISSUER, TestIssuer, TestKey, client, unsigned};

/// The key of RFC 7515 appendix A.3 as PKCS#8, and its JWKS.
const ES256_PKCS8: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LKhRANC",
    "AAR_zc4ncPbEXUGDy-5v20t7WAczNXvp7xO6z248e9FURcfxRM0bvZt-hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt",
);
const ES256_JWKS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "p256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

async fn issuer() -> (TestIssuer, TestKey) {
    let key = TestKey::new("k1", 1);
    (TestIssuer::start(&[&key]).await, key)
}

#[tokio::test]
async fn a_token_of_better_auth_is_believed() {
    let (issuer, key) = issuer().await;
    let identity = issuer.verifier.verify(&key.sign(&issuer.claims(&json!({})))).await.unwrap();
    let expected = Identity {
        user_id: "alice".to_owned(),
        issuer: ISSUER.to_owned(),
        email: Some("alice@example.com".to_owned()),
        first_name: None,
        last_name: None,
        name: Some("Alice Liddell".to_owned()),
        timezone: None,
        expires_at: issuer.clock.now() + TimeDelta::minutes(15),
    };
    assert_eq!(*identity, expected);
}

#[tokio::test]
async fn variants_of_a_good_token_are_believed() {
    let (issuer, key) = issuer().await;
    let now = issuer.clock.now().timestamp();
    let variants = [
        json!({"aud": ["elsewhere", ISSUER]}),
        json!({"user_id": null}),
        json!({"sub": null}),
        json!({"exp": 1_770_000_000.5}),
        json!({"iat": now + 60}),
        json!({"nbf": now}),
        json!({"user_id": "ü".repeat(255)}),
        json!({"email": 7, "name": "a\u{0}b", "timezone": ""}),
    ];
    for variant in variants {
        let token = key.sign(&issuer.claims(&variant));
        assert_eq!(issuer.verdict(&token).await, "ok", "{variant}");
    }
    let with_type = json!({"alg": "EdDSA", "kid": "k1", "typ": "at+JWT"});
    let token = key.sign_with_header(&with_type, &issuer.claims(&json!({})));
    assert_eq!(issuer.verdict(&token).await, "ok");
}

#[tokio::test]
async fn the_user_is_the_claim_user_id_before_sub() {
    let (issuer, key) = issuer().await;
    let both = key.sign(&issuer.claims(&json!({"user_id": "bob", "sub": "session-7"})));
    assert_eq!(issuer.verifier.verify(&both).await.unwrap().user_id, "bob");
    let only_sub = key.sign(&issuer.claims(&json!({"user_id": null, "sub": "carol"})));
    assert_eq!(issuer.verifier.verify(&only_sub).await.unwrap().user_id, "carol");
}

#[tokio::test]
async fn an_unusable_profile_claim_is_left_out() {
    let (issuer, key) = issuer().await;
    let odd =
        json!({"email": {"at": 1}, "name": "a\u{0}b", "first_name": "n".repeat(256), "timezone": "Europe/Berlin"});
    let identity = issuer.verifier.verify(&key.sign(&issuer.claims(&odd))).await.unwrap();
    assert_eq!((&identity.email, &identity.name, &identity.first_name), (&None, &None, &None));
    assert_eq!(identity.timezone.as_deref(), Some("Europe/Berlin"));
}

#[tokio::test]
async fn claims_that_do_not_hold_are_refused() {
    let (issuer, key) = issuer().await;
    let now = issuer.clock.now().timestamp();
    let cases = [
        ("token_expired", json!({"exp": now - 3600})),
        ("token_expired", json!({"exp": now})),
        ("token_expired", json!({"exp": 0})),
        ("token_claims_invalid", json!({"exp": null})),
        ("token_claims_invalid", json!({"exp": (now + 900).to_string()})),
        ("token_claims_invalid", json!({"exp": [now + 900]})),
        ("token_claims_invalid", json!({"exp": true})),
        ("token_claims_invalid", json!({"exp": -1})),
        ("token_claims_invalid", json!({"exp": 1e300})),
        ("token_claims_invalid", json!({"iat": null})),
        ("token_claims_invalid", json!({"iat": now.to_string()})),
        ("token_claims_invalid", json!({"iat": now + 61})),
        ("token_claims_invalid", json!({"nbf": now + 61})),
        ("token_claims_invalid", json!({"nbf": "now"})),
        ("token_claims_invalid", json!({"iss": null})),
        ("token_claims_invalid", json!({"iss": [ISSUER]})),
        ("token_issuer_unknown", json!({"iss": "http://localhost:3000/"})),
        ("token_issuer_unknown", json!({"iss": ""})),
        ("token_claims_invalid", json!({"aud": null})),
        ("token_claims_invalid", json!({"aud": {"is": ISSUER}})),
        ("token_claims_invalid", json!({"aud": [ISSUER, 7]})),
        ("token_audience_wrong", json!({"aud": "elsewhere"})),
        ("token_audience_wrong", json!({"aud": ["elsewhere"]})),
        ("token_audience_wrong", json!({"aud": []})),
        ("token_claims_invalid", json!({"user_id": null, "sub": null})),
        ("token_claims_invalid", json!({"user_id": ""})),
        ("token_claims_invalid", json!({"user_id": 42})),
        ("token_claims_invalid", json!({"user_id": "a\u{0}b"})),
        ("token_claims_invalid", json!({"user_id": "u".repeat(256)})),
    ];
    for (code, changes) in cases {
        let token = key.sign(&issuer.claims(&changes));
        assert_eq!(issuer.verdict(&token).await, code, "{changes}");
    }
}

#[tokio::test]
async fn an_explicit_null_is_not_a_missing_claim() {
    let (issuer, key) = issuer().await;
    for claim in ["exp", "iat", "iss", "aud", "nbf", "user_id"] {
        let mut claims = issuer.claims(&json!({}));
        claims[claim] = Value::Null;
        assert_eq!(issuer.verdict(&key.sign(&claims)).await, "token_claims_invalid", "{claim}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_signed_as_it_must_be_is_refused() {
    let (issuer, key) = issuer().await;
    let claims = issuer.claims(&json!({}));
    let none = unsigned(&json!({"alg": "none", "kid": "k1"}), &claims);
    assert_eq!(issuer.verdict(&format!("{none}.")).await, "token_algorithm_refused");
    assert_eq!(issuer.verdict(&none).await, "token_malformed");

    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("k1".to_owned());
    for secret in [key.public().to_vec(), URL_SAFE_NO_PAD.encode(key.public()).into_bytes()] {
        let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(issuer.verdict(&confused).await, "token_algorithm_refused");
    }
    for algorithm in ["ES256", "RS256", "PS512", "Ed25519", "eddsa"] {
        let token = key.sign_with_header(&json!({"alg": algorithm, "kid": "k1"}), &claims);
        assert_eq!(issuer.verdict(&token).await, "token_algorithm_refused", "{algorithm}");
    }
    let critical = json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]});
    assert_eq!(issuer.verdict(&key.sign_with_header(&critical, &claims)).await, "token_malformed");
    assert_eq!(issuer.fetches(), 0, "none of them is worth asking the issuer");
}

#[tokio::test]
async fn a_token_of_more_than_8_kib_is_malformed() {
    let (issuer, key) = issuer().await;
    let padded = |length| key.sign(&issuer.claims(&json!({"padding": "x".repeat(length)})));
    let longest = (5_500..6_000).map(padded).find(|token| token.len() >= 8 * 1024 - 1).unwrap();
    assert!(longest.len() <= 8 * 1024);
    assert_eq!(issuer.verdict(&longest).await, "ok");
    assert_eq!(issuer.verdict(&padded(6_000)).await, "token_malformed");
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let (issuer, key) = issuer().await;
    let claims = issuer.claims(&json!({}));
    let forged = TestKey::new("k1", 66).sign(&claims);
    assert_eq!(issuer.verdict(&forged).await, "token_signature_invalid");

    let good = key.sign(&claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let promoted = URL_SAFE_NO_PAD.encode(issuer.claims(&json!({"user_id": "root"})).to_string());
    for token in [
        format!("{header}.{promoted}.{signature}"),
        format!("{signed}."),
        format!("{signed}.{}", &signature[..85]),
        format!("{signed}.{signature}AA"),
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
    ] {
        assert_eq!(issuer.verdict(&token).await, "token_signature_invalid", "{token}");
    }
    assert_eq!(issuer.verdict(&good).await, "ok");
}

#[tokio::test]
async fn every_changed_character_of_a_signature_is_noticed() {
    let (issuer, key) = issuer().await;
    let good = key.sign(&issuer.claims(&json!({})));
    for index in good.rfind('.').unwrap() + 1..good.len() {
        let other = if good.as_bytes()[index] == b'A' { "B" } else { "A" };
        let mut token = good.clone();
        token.replace_range(index..=index, other);
        assert_eq!(issuer.verdict(&token).await, "token_signature_invalid", "character {index}");
    }
}

#[tokio::test]
async fn a_token_is_checked_with_the_keys_of_its_own_issuer_only() {
    let (issuer, key) = issuer().await;
    let other_key = TestKey::new("k1", 2);
    let other = TestIssuer::start(&[&other_key]).await;
    let trusted = TrustedIssuer { issuer: "http://other".to_owned(), ..other.trusted.clone() };
    let verifier = Verifier::new(vec![issuer.trusted.clone(), trusted], issuer.clock.clone(), &client());
    let claims = issuer.claims(&json!({"iss": "http://other"}));
    assert!(verifier.verify(&other_key.sign(&claims)).await.is_ok());
    assert_eq!(verifier.verify(&key.sign(&claims)).await.unwrap_err().code(), "token_signature_invalid");
}

#[tokio::test]
async fn a_remembered_token_is_refused_once_it_has_expired() {
    let (issuer, key) = issuer().await;
    let token = key.sign(&issuer.claims(&json!({"exp": (issuer.clock.now() + TimeDelta::minutes(5)).timestamp()})));
    let first = issuer.verifier.verify(&token).await.unwrap();
    issuer.clock.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    let again = issuer.verifier.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "it was not remembered");
    issuer.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(issuer.verdict(&token).await, "token_expired");
}

#[tokio::test]
async fn a_token_is_remembered_for_ten_minutes_at_most() {
    let (issuer, key) = issuer().await;
    let token = issuer.token(&key);
    assert_eq!(issuer.verdict(&token).await, "ok");
    issuer.publish(&[]);
    issuer.clock.advance(TimeDelta::seconds(599));
    assert_eq!(issuer.verdict(&token).await, "ok");
    issuer.clock.advance(TimeDelta::seconds(1));
    assert_eq!(issuer.verdict(&token).await, "token_key_unknown");
}

/// Ed25519 is the default; an issuer that is configured for it may use another algorithm, and then that one only.
#[tokio::test]
async fn another_algorithm_is_for_issuers_configured_for_it() {
    let (issuer, key) = issuer().await;
    let json = format!(
        r#"[{{"issuer": "{ISSUER}", "jwks_url": "{}", "audience": "{ISSUER}", "algorithms": ["ES256"]}}]"#,
        issuer.trusted.jwks_url
    );
    issuer.answer(Answer::Document(ES256_JWKS.to_owned()));
    let clock = platform::clock::Clock::manual(DateTime::from_timestamp(1_770_000_000, 0).unwrap());
    let verifier = Verifier::new(TrustedIssuer::parse_list(&json).unwrap(), clock, &client());
    let header = Header { kid: Some("p256".to_owned()), ..Header::new(Algorithm::ES256) };
    let secret = EncodingKey::from_ec_der(&URL_SAFE_NO_PAD.decode(ES256_PKCS8).unwrap());
    let token = jsonwebtoken::encode(&header, &issuer.claims(&json!({})), &secret).unwrap();
    assert_eq!(verifier.verify(&token).await.unwrap().user_id, "alice");
    let eddsa = key.sign(&issuer.claims(&json!({})));
    assert_eq!(verifier.verify(&eddsa).await.unwrap_err().code(), "token_algorithm_refused");
}

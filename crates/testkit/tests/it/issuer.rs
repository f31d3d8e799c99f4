use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use serde_json::{Value, json};
use testkit::http::Client;
use testkit::issuer::Issuer;

/// Verifies as a service would, except for the time, which stands still here.
fn verify(token: &str, keys: &Value, issuer: &Issuer) -> Result<Value, String> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
    let key = keys.find(header.kid.as_deref().unwrap_or_default()).ok_or("unknown kid")?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["iss", "aud"]);
    validation.set_issuer(&[issuer.base_url()]);
    validation.set_audience(&[issuer.base_url()]);
    let claims = decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).map_err(|error| error.to_string())?;
    Ok(claims.claims)
}

async fn keys(issuer: &Issuer) -> Value {
    Client::new(issuer.base_url()).get("/api/auth/jwks").await.expect(200).json()
}

#[tokio::test]
async fn tokens_have_the_shape_of_better_auth() {
    let issuer = Issuer::start(&testkit::clock()).await;
    let keys = keys(&issuer).await;
    let names: Vec<_> = keys["keys"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "x"], "a key has no `use`");

    let token = issuer.token("alice");
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.alg, header.typ), (Algorithm::EdDSA, None));
    let url = issuer.base_url();
    let claims = json!({
        "sub": "alice", "user_id": "alice", "email": "alice@example.com", "name": "alice",
        "iat": 1_769_850_000, "exp": 1_769_850_900, "iss": url, "aud": url,
    });
    assert_eq!(verify(&token, &keys, &issuer), Ok(claims));
}

#[tokio::test]
async fn wrong_tokens_are_wrong() {
    let issuer = Issuer::start(&testkit::clock()).await;
    let keys = keys(&issuer).await;
    let claims = || issuer.claims("mallory");
    for wrong in [
        claims().unsigned(),
        claims().sign_with_the_public_key(),
        claims().sign_with_a_foreign_key(),
        claims().header("kid", "unknown").sign(),
        claims().without_header("kid").sign(),
        claims().claim("iss", "http://elsewhere").sign(),
        claims().without_claim("aud").sign(),
    ] {
        verify(&wrong, &keys, &issuer).expect_err(&wrong);
    }
    let expired = verify(&claims().expires_in(Duration::seconds(-1)).sign(), &keys, &issuer).unwrap();
    assert_eq!(expired["exp"], 1_769_849_999);
    let text = verify(&claims().claim("exp", "soon").sign(), &keys, &issuer).unwrap();
    assert_eq!(text["exp"], "soon", "any claim can have any type");
}

#[tokio::test]
async fn keys_are_counted_rotated_and_withheld() {
    let issuer = Issuer::start(&testkit::clock()).await;
    let client = Client::new(issuer.base_url());
    let old = issuer.token("alice");
    issuer.rotate();
    let both = keys(&issuer).await;
    for token in [&old, &issuer.token("alice")] {
        verify(token, &both, &issuer).unwrap();
    }
    issuer.replace_keys();
    let only = keys(&issuer).await;
    assert_eq!(verify(&old, &only, &issuer), Err("unknown kid".to_owned()));

    issuer.switch_off();
    let _ = client.get("/api/auth/jwks").await.expect(503);
    assert_eq!(issuer.fetches(), 3);
    issuer.switch_on();
    let _ = client.get("/api/auth/jwks").await.expect(200);
}

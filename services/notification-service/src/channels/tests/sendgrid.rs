//! By SendGrid, as its API is documented.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::provider::{Answer, Provider};
use super::*;

const ALICE: &str = "alice@example.com";
const TAKEN: Answer = (StatusCode::ACCEPTED, &[("X-Message-Id", "14c5d75ce93.dfd.64b469")], Value::Null);

fn sendgrid(provider: &Provider) -> Channels {
    email_channels(&[("SENDGRID_API_KEY", "SG.key"), ("SENDGRID_URL", &provider.url)])
}

#[tokio::test]
async fn a_mail_is_handed_over_as_documented() {
    let provider = Provider::start(Some(TAKEN)).await;
    let channels = sendgrid(&provider);
    let receipt = channels.send(Channel::Email, ALICE, &message()).await.unwrap();
    assert_eq!(receipt.provider_id.as_deref(), Some("14c5d75ce93.dfd.64b469"));
    let request = provider.request();
    assert_eq!((request.method.clone(), request.uri.to_string().as_str()), (Method::POST, "/v3/mail/send"));
    assert_eq!(request.header("authorization"), "Bearer SG.key");
    assert_eq!(request.header("content-type"), "application/json");
    let mut body = request.json();
    let content = body["content"].take();
    let unsubscribe = body["headers"]["List-Unsubscribe"].take();
    assert_eq!(
        body,
        json!({
            "personalizations": [{
                "to": [{"email": ALICE, "name": "Alice"}],
                "custom_args": {"delivery_id": ID.to_string()},
            }],
            "from": {"email": "tidings@example.com", "name": "Tidings"},
            "subject": "Reminder: Pay the rent",
            "content": null,
            "headers": {
                "Message-ID": format!("<{ID}@example.com>"),
                "List-Unsubscribe": null,
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Auto-Submitted": "auto-generated",
            },
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
                "subscription_tracking": {"enable": false},
            },
        })
    );
    let types: Vec<_> = content.as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["text/plain", "text/html"]);
    assert!(content[0]["value"].as_str().unwrap().contains("Saturday 31 January 2026, 10:00 (Europe/Berlin)"));
    let unsubscribe = unsubscribe.as_str().unwrap();
    let token =
        unsubscribe.strip_prefix("<http://localhost:8000/api/unsubscribe/").and_then(|rest| rest.strip_suffix('>'));
    assert_eq!(channels.unsubscribe_token(token.unwrap()), Some(("alice".to_owned(), Kind::Reminder)));
}

#[tokio::test]
async fn a_repetition_and_a_hostile_text_say_the_same_in_one_line() {
    let provider = Provider::start(Some(TAKEN)).await;
    let channels = sendgrid(&provider);
    let mut message = message();
    "Pay\r\nBcc: eve@example.com".clone_into(&mut message.title);
    message.recipient.name = String::new();
    for _ in 0..2 {
        channels.send(Channel::Email, ALICE, &message).await.unwrap();
    }
    let [first, second] = provider.requests().try_into().unwrap();
    assert_eq!(first.body, second.body);
    assert_eq!(first.json()["subject"], "Pay Bcc: eve@example.com");
    assert_eq!(first.json()["personalizations"][0]["to"], json!([{"email": ALICE}]));
    let told = is_permanent(channels.send(Channel::Email, "alice@example.com\r\n", &message).await);
    assert_eq!((told.as_str(), provider.requests().len()), ("the e-mail address is none", 2));
}

/// A documented refusal.
fn errors(message: &str, field: Option<&str>) -> Value {
    json!({"errors": [{"message": message, "field": field, "help": null}]})
}

#[tokio::test]
async fn refusals_are_for_ever() {
    let invalid = errors("Does not contain a valid address.", Some("personalizations.0.to.0.email"));
    let named = errors("Alice@Example.COM does not contain a valid address.", Some("personalizations.0.to.0.email"));
    let unauthorized = errors("The provided authorization grant is invalid, expired, or revoked", None);
    for (status, body, detail) in [
        (400, invalid, "SendGrid answered 400: personalizations.0.to.0.email: Does not contain a valid address."),
        (
            400,
            named,
            "SendGrid answered 400: personalizations.0.to.0.email: [address] does not contain a valid address.",
        ),
        (401, unauthorized, "SendGrid answered 401: The provided authorization grant is invalid, expired, or revoked"),
        (403, errors("access forbidden", None), "SendGrid answered 403: access forbidden"),
        (413, Value::Null, "SendGrid answered 413"),
        (400, json!({"errors": "?"}), "SendGrid answered 400"),
    ] {
        let provider = Provider::start(Some((StatusCode::from_u16(status).unwrap(), &[], body))).await;
        assert_eq!(is_permanent(sendgrid(&provider).send(Channel::Email, ALICE, &message()).await), detail);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let too_many = errors("too many requests", None);
    let detail = "SendGrid answered 429: too many requests".to_owned();
    let busy = SendError::Transient { detail, retry_after: Some(Duration::from_secs(30)) };
    let provider = Provider::start(Some((StatusCode::TOO_MANY_REQUESTS, &[("Retry-After", "30")], too_many))).await;
    assert_eq!(sendgrid(&provider).send(Channel::Email, ALICE, &message()).await, Err(busy));
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE, StatusCode::REQUEST_TIMEOUT] {
        let provider = Provider::start(Some((status, &[], Value::Null))).await;
        let told = is_transient(sendgrid(&provider).send(Channel::Email, ALICE, &message()).await);
        assert_eq!(told, format!("SendGrid answered {}", status.as_u16()));
    }
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let provider = Provider::start(None).await;
    let told = is_transient(sendgrid(&provider).send(Channel::Email, ALICE, &message()).await);
    assert!(told.starts_with("SendGrid did not answer in time"), "{told}");
    let absent = Provider { url: format!("http://{}", nobody().await), ..provider };
    let told = is_transient(sendgrid(&absent).send(Channel::Email, ALICE, &message()).await);
    assert!(told.starts_with("SendGrid cannot be reached") && !told.contains("SG.key"), "{told}");
}

//! By Twilio, as its API is documented.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde_json::{Value, json};

use super::provider::{Answer, Provider, Request};
use super::*;

const SID: &str = "AC0123456789abcdef0123456789abcdef";
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const PHONE: &str = "+4915112345678";

fn twilio(provider: &Provider, from: &str) -> Channels {
    let token = ("TWILIO_AUTH_TOKEN", "token");
    channels(&[("TWILIO_ACCOUNT_SID", SID), token, ("TWILIO_FROM", from), ("TWILIO_URL", &provider.url)])
}

fn taken() -> Answer {
    let body = json!({
        "sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "error_code": null, "error_message": null,
        "num_segments": "1", "direction": "outbound-api", "api_version": "2010-04-01",
    });
    (StatusCode::CREATED, &[], body)
}

/// The form of a request, each name once.
fn form(request: &Request) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(&request.body).unwrap();
    let url = Url::parse(&format!("http://form/?{text}")).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(form.len(), pairs.len(), "{text}");
    form
}

#[tokio::test]
async fn a_text_message_is_handed_over_as_documented() {
    for (from, parameter) in [("+15005550006", "From"), ("Tidings", "From"), (SERVICE, "MessagingServiceSid")] {
        let provider = Provider::start(Some(taken())).await;
        let receipt = twilio(&provider, from).send(Channel::Sms, PHONE, &message()).await.unwrap();
        assert_eq!(receipt.provider_id.as_deref(), Some("SM0123456789abcdef0123456789abcdef"));
        let request = provider.request();
        let path = format!("/2010-04-01/Accounts/{SID}/Messages.json");
        assert_eq!((request.method.clone(), request.uri.to_string()), (Method::POST, path));
        assert_eq!(request.header("authorization"), format!("Basic {}", STANDARD.encode(format!("{SID}:token"))));
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        let time = "Saturday 31 January 2026, 10:00 (Europe/Berlin)";
        let text = format!("Reminder: Pay the rent - {time} http://localhost:3000/tasks/{TASK}");
        let wanted = [("To", PHONE), (parameter, from), ("Body", &text)];
        assert_eq!(form(&request), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_for_want_of_an_answer_that_can_be_read() {
    let provider = Provider::start(Some((StatusCode::CREATED, &[], Value::Null))).await;
    let receipt = twilio(&provider, SERVICE).send(Channel::Sms, PHONE, &message()).await;
    assert_eq!(receipt, Ok(Receipt { provider_id: None }));
}

/// A documented refusal.
fn error(code: u32, message: &str, status: u16) -> Value {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    json!({"code": code, "message": message, "more_info": more, "status": status})
}

#[tokio::test]
async fn refusals_are_for_ever() {
    for (status, body, detail) in [
        (
            400,
            error(21211, "The 'To' number +4915112345678 is not a valid phone number.", 400),
            "Twilio answered 400: The 'To' number [number] is not a valid phone number. (error 21211)",
        ),
        (
            400,
            error(21614, "'To' number 49 151 1234-5678 is not a valid mobile number", 400),
            "Twilio answered 400: 'To' number [number] is not a valid mobile number (error 21614)",
        ),
        (401, error(20003, "Authenticate", 401), "Twilio answered 401: Authenticate (error 20003)"),
        (404, Value::Null, "Twilio answered 404"),
    ] {
        let provider = Provider::start(Some((StatusCode::from_u16(status).unwrap(), &[], body))).await;
        assert_eq!(is_permanent(twilio(&provider, SERVICE).send(Channel::Sms, PHONE, &message()).await), detail);
    }
    let provider = Provider::start(Some(taken())).await;
    for number in ["015112345678", "+49 151", "+4915112345678\r\n", ""] {
        let told = is_permanent(twilio(&provider, SERVICE).send(Channel::Sms, number, &message()).await);
        assert_eq!(told, "the telephone number is none, such as +4915112345678", "{number:?}");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for (status, code, message_of) in [(429, 20429, "Too Many Requests"), (503, 20503, "Service unavailable")] {
        let body = error(code, message_of, status);
        let answer = (StatusCode::from_u16(status).unwrap(), &[("Retry-After", "2")][..], body);
        let provider = Provider::start(Some(answer)).await;
        let detail = format!("Twilio answered {status}: {message_of} (error {code})");
        let told = twilio(&provider, SERVICE).send(Channel::Sms, PHONE, &message()).await;
        assert_eq!(told, Err(SendError::Transient { detail, retry_after: Some(Duration::from_secs(2)) }));
    }
    let provider = Provider::start(None).await;
    let told = is_transient(twilio(&provider, SERVICE).send(Channel::Sms, PHONE, &message()).await);
    assert!(told.starts_with("Twilio did not answer in time") && !told.contains("token"), "{told}");
}

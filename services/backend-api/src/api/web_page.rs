//! The few pages that people see without the application. They load nothing, run nothing and tell nobody where they were.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:15vh auto 0;padding:0 1rem;text-align:center}\
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#2457c5;color:#fff;cursor:pointer}";

/// A title, a text and perhaps a button, all of them our own words: nothing that somebody sent may be put in.
#[derive(Debug)]
pub struct WebPage {
    title: &'static str,
    text: String,
    /// What the button says that posts to the page's own address.
    pub button: Option<&'static str>,
}

impl WebPage {
    /// A page without a button.
    pub fn new(title: &'static str, text: impl Into<String>) -> Self {
        Self { title, text: text.into(), button: None }
    }

    /// The page as an answer.
    pub fn respond(&self, status: StatusCode) -> Response {
        let mut response = (status, Html(self.html())).into_response();
        let own = HeaderName::from_static;
        let headers = [
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::CONTENT_SECURITY_POLICY, content_security_policy()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (own("x-robots-tag"), "noindex".to_owned()),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn html(&self) -> String {
        let Self { title, text, button } = self;
        let button = button.map(|label| format!("<form method=\"post\"><button>{label}</button></form>\n"));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – Tidings</title>\n\
             <style>{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n{}</main>\n</html>\n",
            button.unwrap_or_default()
        )
    }
}

/// Its own style and its own form, and nothing else, in nobody's frame.
fn content_security_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

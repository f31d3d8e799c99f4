//! Addresses in responses.

use axum::http::{HeaderValue, Uri};

/// `Link: <…>; rel="next"` (RFC 8288): the request's own address with the next cursor.
pub fn next(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let kept =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    HeaderValue::from_str(&format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"))).ok()
}

/// A path segment with everything but unreserved characters encoded (RFC 3986 §2.3): user ids are any text.
pub fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filters() {
        let uri = "/api/a/tasks?status=todo&cursor=old&limit=2".parse().unwrap();
        assert_eq!(next(&uri, "new").unwrap(), "</api/a/tasks?status=todo&limit=2&cursor=new>; rel=\"next\"");
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(segment("a|b/é"), "a%7Cb%2F%C3%A9");
    }
}

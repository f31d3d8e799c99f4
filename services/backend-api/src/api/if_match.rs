//! `If-Match` and `If-None-Match` (RFC 9110 §13.1).

use axum::http::{HeaderMap, HeaderName, header};
use platform::problem::Problem;

use crate::domain::precondition::Precondition;
use crate::store::reply::etag;

/// The versions that `If-Match` allows. Tags that we never gave match nothing.
///
/// # Errors
/// 400 when it is not a list of entity tags.
pub fn if_match(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let tags = entity_tags(headers, &header::IF_MATCH)?;
    Ok(match tags {
        None => Precondition::None,
        Some(tags) if tags.iter().any(|tag| tag == "*") => Precondition::None,
        // If-Match compares strongly: a weak tag matches nothing (RFC 9110 §13.1.1).
        Some(tags) => Precondition::Versions(tags.iter().filter_map(|tag| version(tag)).collect()),
    })
}

/// Whether the client's copy, named by `If-None-Match`, is `version` still.
///
/// # Errors
/// 400 when it is not a list of entity tags.
pub fn is_current(headers: &HeaderMap, current: i32) -> Result<bool, Problem> {
    let tags = entity_tags(headers, &header::IF_NONE_MATCH)?.unwrap_or_default();
    Ok(tags.iter().any(|tag| tag == "*" || version(tag.strip_prefix("W/").unwrap_or(tag)) == Some(current)))
}

/// The version whose tag this is; tags are compared letter by letter, so `"02"` is nobody's.
fn version(tag: &str) -> Option<i32> {
    let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (etag(version) == tag).then_some(version)
}

fn entity_tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Vec<String>>, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        let text = value.to_str().unwrap_or_default();
        // Empty elements of a list are passed over (RFC 9110 §5.6.1).
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
            if tag != "*" && !quoted {
                let detail = format!("{name} takes entity tags as the ETag header gives them, such as \"3\".");
                return Err(Problem::unreadable("entity_tag_invalid", detail));
            }
            tags.push(tag.to_owned());
        }
    }
    Ok((!tags.is_empty()).then_some(tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precondition(value: &str) -> Precondition {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        if_match(&headers).unwrap()
    }

    #[test]
    fn strong_tags_name_versions() {
        assert_eq!(precondition("\"3\""), Precondition::Versions(vec![3]));
        assert_eq!(precondition("\"1\", \"2\""), Precondition::Versions(vec![1, 2]));
        assert_eq!(precondition("*"), Precondition::None);
        assert_eq!(precondition("W/\"3\""), Precondition::Versions(vec![]));
        for foreign in ["\"abc\"", "\"03\"", "\"+3\""] {
            assert_eq!(precondition(foreign), Precondition::Versions(vec![]), "{foreign}");
        }
        assert_eq!(precondition("\"3\","), Precondition::Versions(vec![3]));
    }

    #[test]
    fn what_is_no_tag_is_unreadable() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, "3".parse().unwrap());
        assert_eq!(if_match(&headers).unwrap_err().code(), "entity_tag_invalid");
    }
}

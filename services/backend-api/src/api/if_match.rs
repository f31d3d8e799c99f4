//! `If-Match` and `If-None-Match` (RFC 9110 §13.1).

use axum::http::{HeaderMap, HeaderName, header};
use platform::problem::Problem;

use crate::domain::precondition::Precondition;
use crate::store::reply::etag;

/// What stands between the elements of a list.
const SEPARATORS: [char; 3] = [' ', '\t', ','];

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

/// The tags of all fields of that name; `None` without any. Empty elements of a list are passed over (RFC 9110 §5.6.1).
fn entity_tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Vec<String>>, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.to_str().map_err(|_| invalid(name))?.trim_start_matches(SEPARATORS);
        while !rest.is_empty() {
            let length = tag_length(rest).ok_or_else(|| invalid(name))?;
            let (tag, after) = rest.split_at(length);
            tags.push(tag.to_owned());
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(invalid(name));
            }
            rest = rest.trim_start_matches(SEPARATORS);
        }
    }
    Ok((!tags.is_empty()).then_some(tags))
}

/// The length of the `*` or the entity tag that `text` begins with (RFC 9110 §8.8.3).
fn tag_length(text: &str) -> Option<usize> {
    if text.starts_with('*') {
        return Some(1);
    }
    let opaque = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?;
    let end = opaque.find('"')?;
    let visible = opaque[..end].bytes().all(|byte| byte.is_ascii_graphic());
    visible.then_some(text.len() - opaque.len() + end + 1)
}

fn invalid(name: &HeaderName) -> Problem {
    let detail = format!("{name} takes entity tags as the ETag header gives them, such as \"3\".");
    Problem::unreadable("entity_tag_invalid", detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

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
    fn a_comma_may_be_part_of_a_tag() {
        assert_eq!(precondition("\"a,b\", \"3\""), Precondition::Versions(vec![3]));
        assert_eq!(precondition(" ,\t\"3\",,\"4\" "), Precondition::Versions(vec![3, 4]));
        assert_eq!(precondition(""), Precondition::None);
    }

    #[test]
    fn what_is_no_tag_is_unreadable() {
        for wrong in ["3", "\"3", "\"3\" \"4\"", "\"3\"x", "w/\"3\"", "\"a b\"", "\"é\"", "W/", "null"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_bytes(wrong.as_bytes()).unwrap());
            assert_eq!(if_match(&headers).unwrap_err().code(), "entity_tag_invalid", "{wrong}");
        }
    }
}

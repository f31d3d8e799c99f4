//! Whose tokens are believed: configuration `TRUSTED_ISSUERS`.

use std::collections::HashSet;

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::token::is_symmetric;
use crate::config::Reader;

/// The variable that lists the trusted issuers.
const VARIABLE: &str = "TRUSTED_ISSUERS";

/// The members of an entry.
const MEMBERS: [&str; 4] = ["issuer", "jwks_url", "audience", "algorithms"];

/// An issuer whose tokens are believed when they are signed by it, for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// What the claim `iss` must be, to the letter.
    pub issuer: String,
    /// Where its keys are published (RFC 7517 §5).
    pub jwks_url: String,
    /// What the claim `aud` must be or contain.
    pub audience: String,
    /// How it may sign; never empty, never symmetric.
    pub algorithms: Vec<Algorithm>,
}

impl TrustedIssuer {
    /// An issuer that signs with `EdDSA` only.
    pub fn new(issuer: impl Into<String>, jwks_url: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            jwks_url: jwks_url.into(),
            audience: audience.into(),
            algorithms: vec![Algorithm::EdDSA],
        }
    }

    /// Reads `TRUSTED_ISSUERS`; unset means none. What is wrong with it is remembered by the reader, a line each.
    pub fn read(reader: &mut Reader<'_>) -> Vec<Self> {
        let parsed = reader.optional(VARIABLE).map_or(Ok(Vec::new()), Self::parse_list);
        parsed.unwrap_or_else(|mistakes| {
            for mistake in mistakes {
                reader.mistake(VARIABLE, &mistake);
            }
            Vec::new()
        })
    }

    /// Parses `[{"issuer", "jwks_url", "audience", "algorithms"?}, …]`; `algorithms` is `["EdDSA"]` unless given.
    ///
    /// # Errors
    /// Every mistake in it, each naming the entry (from 1) and the member.
    pub fn parse_list(json: &str) -> Result<Vec<Self>, Vec<String>> {
        let entries: Vec<Value> =
            serde_json::from_str(json).map_err(|why| vec![format!("must be a JSON array of objects: {why}")])?;
        let mut mistakes = Vec::new();
        let mut seen = HashSet::new();
        let mut issuers = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let mut entry = Entry { number: index + 1, members: entry.as_object(), mistakes: &mut mistakes };
            let issuer = entry.issuer();
            if !issuer.issuer.is_empty() && !seen.insert(issuer.issuer.clone()) {
                entry.mistake("issuer", "is listed twice");
            }
            issuers.push(issuer);
        }
        if mistakes.is_empty() { Ok(issuers) } else { Err(mistakes) }
    }
}

/// One entry while it is read.
struct Entry<'a> {
    number: usize,
    members: Option<&'a Map<String, Value>>,
    mistakes: &'a mut Vec<String>,
}

impl Entry<'_> {
    fn issuer(&mut self) -> TrustedIssuer {
        match self.members {
            None => self.mistakes.push(format!("entry {} must be an object", self.number)),
            Some(members) => {
                for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
                    self.mistake(name, "is not known; there are issuer, jwks_url, audience and algorithms");
                }
            }
        }
        TrustedIssuer {
            issuer: self.text("issuer"),
            jwks_url: self.jwks_url(),
            audience: self.text("audience"),
            algorithms: self.algorithms(),
        }
    }

    fn mistake(&mut self, member: &str, what: &str) {
        self.mistakes.push(format!("entry {}: {member} {what}", self.number));
    }

    fn text(&mut self, member: &str) -> String {
        let Some(members) = self.members else {
            return String::new();
        };
        match members.get(member) {
            Some(Value::String(text)) if !text.trim().is_empty() => return text.clone(),
            Some(_) => self.mistake(member, "must be a string that is not empty"),
            None => self.mistake(member, "is missing"),
        }
        String::new()
    }

    fn jwks_url(&mut self) -> String {
        let url = self.text("jwks_url");
        let is_http = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !url.is_empty() && !url.parse().is_ok_and(|url| is_http(&url)) {
            self.mistake("jwks_url", "must be an http:// or https:// address");
        }
        url
    }

    fn algorithms(&mut self) -> Vec<Algorithm> {
        let Some(value) = self.members.and_then(|members| members.get("algorithms")) else {
            return vec![Algorithm::EdDSA];
        };
        let names = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if names.is_empty() {
            self.mistake("algorithms", r#"must be an array that is not empty, such as ["EdDSA"]"#);
        }
        let mut algorithms = Vec::new();
        for name in names {
            match name.as_str().map(str::parse) {
                Some(Ok(algorithm)) if is_symmetric(algorithm) => {
                    self.mistake("algorithms", &format!("has {name}, whose key cannot be published"));
                }
                Some(Ok(algorithm)) => algorithms.push(algorithm),
                _ => self.mistake("algorithms", &format!("has {name}, which is not known")),
            }
        }
        algorithms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    #[test]
    fn an_issuer_signs_with_eddsa_unless_told_otherwise() {
        let json = r#"[
            {"issuer": "https://a.example", "jwks_url": "https://a.example/jwks", "audience": "tidings"},
            {"issuer": "b", "jwks_url": "http://b:3000/jwks", "audience": "b", "algorithms": ["RS256", "EdDSA"]}
        ]"#;
        let issuers = TrustedIssuer::parse_list(json).unwrap();
        assert_eq!(issuers[0], TrustedIssuer::new("https://a.example", "https://a.example/jwks", "tidings"));
        assert_eq!(issuers[1].algorithms, [Algorithm::RS256, Algorithm::EdDSA]);
    }

    #[test]
    fn every_mistake_is_told() {
        let json = r#"[
            {"issuer": "a", "jwks_url": "ftp://a", "audience": 7, "algorithms": ["HS256", "none", 5], "keys": []},
            {"issuer": "a", "jwks_url": "http://a/", "audience": " ", "algorithms": []},
            "b",
            {}
        ]"#;
        let mistakes = TrustedIssuer::parse_list(json).unwrap_err();
        let expected = [
            "entry 1: keys is not known",
            "entry 1: jwks_url must be an http",
            "entry 1: audience must be a string",
            r#"entry 1: algorithms has "HS256", whose key"#,
            r#"entry 1: algorithms has "none", which"#,
            "entry 1: algorithms has 5, which",
            "entry 2: audience must be a string",
            "entry 2: algorithms must be an array",
            "entry 2: issuer is listed twice",
            "entry 3 must be an object",
            "entry 4: issuer is missing",
            "entry 4: jwks_url is missing",
            "entry 4: audience is missing",
        ];
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
        for (mistake, expected) in mistakes.iter().zip(expected) {
            assert!(mistake.starts_with(expected), "{mistake} is not: {expected}");
        }
    }

    #[test]
    fn the_variable_is_optional_and_named_when_wrong() {
        let none = Variables::default();
        assert!(TrustedIssuer::read(&mut Reader::new(&none)).is_empty());
        for wrong in ["{}", "nonsense", "[1]"] {
            let variables = Variables::default().with(VARIABLE, wrong);
            let mut reader = Reader::new(&variables);
            let issuers = TrustedIssuer::read(&mut reader);
            let mistakes = reader.finish(issuers).unwrap_err();
            assert!(mistakes.to_string().contains("TRUSTED_ISSUERS "), "{mistakes}");
        }
    }
}

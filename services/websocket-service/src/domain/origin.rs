//! Which web pages may open a socket: browsers send cookies and let any page connect, so the `Origin` header decides
//! (RFC 6455 §10.2).

/// The allow-list of origins (RFC 6454 §6.2): `scheme://host[:port]`, compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Reads a comma-separated list; what is wrong with an entry comes back beside those that are right.
    pub fn parse(list: &str) -> (Self, Vec<String>) {
        let mut origins = Vec::new();
        let mut mistakes = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if is_origin(entry) {
                origins.push(entry.to_ascii_lowercase());
            } else {
                mistakes.push(format!("has `{entry}`, which is not like https://app.example or http://localhost:3000"));
            }
        }
        (Self(origins), mistakes)
    }

    /// Whether a page of `origin` may open a socket. The opaque origin `null` never may.
    pub fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b));
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
        && is_host
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_origins_may() {
        let (origins, mistakes) =
            AllowedOrigins::parse("https://app.example, http://localhost:3000 ,http://[::1]:3000");
        assert!(mistakes.is_empty(), "{mistakes:?}");
        for allowed in ["https://app.example", "HTTPS://App.Example", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(origins.allows(allowed), "{allowed}");
        }
        for refused in
            ["http://app.example", "https://app.example.evil", "http://localhost", "http://localhost:30000", "null", ""]
        {
            assert!(!origins.allows(refused), "{refused}");
        }
    }

    #[test]
    fn what_is_no_origin_is_a_mistake() {
        for wrong in
            ["localhost:3000", "*", "https://app.example/", "ftp://a", "http://", "http://a:port", "http://a b"]
        {
            let (origins, mistakes) = AllowedOrigins::parse(wrong);
            assert_eq!((origins, mistakes.len()), (AllowedOrigins::default(), 1), "{wrong}");
        }
    }
}

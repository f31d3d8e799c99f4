//! Which web pages may use a service: a browser says in `Origin` whose page a request is from (CORS, and RFC 6455 §10.2 for
//! WebSocket).

use axum::http::HeaderValue;

use crate::config::Reader;

/// The web app's own address, when nothing else is configured.
const DEFAULT: &str = "http://localhost:3000,http://127.0.0.1:3000";

/// The allow-list of origins (RFC 6454 §6.2): `scheme://host[:port]`, compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<HeaderValue>);

impl AllowedOrigins {
    /// Reads `ALLOWED_ORIGINS`, a comma-separated list; unless it is set, the web app of this machine at port 3000. An entry
    /// that is no origin is a mistake.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let list = reader.optional("ALLOWED_ORIGINS").unwrap_or(DEFAULT);
        let mut origins = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            // Browsers send it in lower case, and CORS compares byte for byte.
            match HeaderValue::from_str(&entry.to_ascii_lowercase()) {
                Ok(origin) if is_origin(entry) => origins.push(origin),
                _ => {
                    let what = format!("has `{entry}`, which is not like https://app.example or http://localhost:3000");
                    reader.mistake("ALLOWED_ORIGINS", &what);
                }
            }
        }
        Self(origins)
    }

    /// Whether a page of `origin` is allowed. The opaque origin `null` never is.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        self.0.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    }

    /// Every allowed origin, as browsers write it.
    pub fn header_values(&self) -> &[HeaderValue] {
        &self.0
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b));
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") && is_host && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(list: &str) -> Result<AllowedOrigins, String> {
        let variables = Variables::default().with("ALLOWED_ORIGINS", list);
        let mut reader = Reader::new(&variables);
        let origins = AllowedOrigins::read(&mut reader);
        reader.finish(origins).map_err(|mistakes| mistakes.to_string())
    }

    fn allows(origins: &AllowedOrigins, origin: &str) -> bool {
        origins.allows(&HeaderValue::from_str(origin).unwrap())
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let origins = read("https://App.example, http://localhost:3000 ,http://[::1]:3000").unwrap();
        for allowed in ["https://app.example", "HTTPS://App.Example", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(allows(&origins, allowed), "{allowed}");
        }
        for refused in
            ["http://app.example", "https://app.example.evil", "http://localhost", "http://localhost:30000", "null", ""]
        {
            assert!(!allows(&origins, refused), "{refused}");
        }
        assert_eq!(origins.header_values(), ["https://app.example", "http://localhost:3000", "http://[::1]:3000"]);
    }

    #[test]
    fn without_a_list_the_web_app_of_this_machine_is_allowed() {
        let origins = read("").unwrap();
        assert!(allows(&origins, "http://localhost:3000") && allows(&origins, "http://127.0.0.1:3000"));
        assert_eq!(origins.header_values().len(), 2);
    }

    #[test]
    fn what_is_no_origin_is_a_mistake() {
        for wrong in [
            "localhost:3000",
            "*",
            "null",
            "https://app.example/",
            "ftp://a",
            "http://",
            "http://a:port",
            "http://a:+80",
            "http://a:",
            "http://a b",
            "http://é.example",
        ] {
            let mistakes = read(&format!("http://localhost:3000,{wrong}")).expect_err(wrong);
            assert!(mistakes.contains(&format!("ALLOWED_ORIGINS has `{wrong}`")), "{mistakes}");
        }
    }
}

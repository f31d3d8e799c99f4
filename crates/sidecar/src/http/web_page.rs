//! What a web page sends is refused.
//!
//! The API listens on loopback and asks for no token unless one is set. A browser on the same machine reaches it too, and
//! lets any page send a simple POST (Fetch Standard, "CORS-safelisted request") without asking first: such a page could
//! publish forged events or stop the sidecar. A browser says which page such a request is from in `Origin`; the callers
//! that the API is for, apps and command-line tools, never send it. A page whose own name was made to point at loopback
//! (DNS rebinding) sends no `Origin` with a GET, and could read the answer, but it sends its name in `Host`.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;

use super::error::legacy;

/// The refusal of a request that comes from a web page, or is for a host that is not this machine by its local names.
pub(super) fn refuse(request: &Request) -> Option<Response> {
    let refusal = |message| Some(legacy(StatusCode::FORBIDDEN, "ERR_PERMISSION_DENIED", message));
    if request.headers().contains_key(header::ORIGIN) {
        return refusal("web pages may not use this API: the request has an Origin header");
    }
    if !is_for_this_machine(request.uri(), request.headers()) {
        return refusal("the Host header names neither localhost nor a loopback address");
    }
    None
}

/// Every name that the request has for this host; RFC 9112 §3.2 lets it be in the target as well as in `Host`.
fn is_for_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    let local = |authority: &Authority| is_local(authority.host());
    uri.authority().is_none_or(local)
        && headers
            .get_all(header::HOST)
            .iter()
            .all(|host| Authority::try_from(host.as_bytes()).is_ok_and(|at| local(&at)))
}

fn is_local(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match v6 {
        Some(text) => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    };
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn status(target: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let request =
            headers.iter().fold(Request::post(target), |request, (name, value)| request.header(*name, *value));
        refuse(&request.body(Body::empty()).unwrap()).map(|refusal| refusal.status())
    }

    #[test]
    fn local_names_of_the_host_pass_and_so_does_none() {
        assert_eq!(status("/", &[]), None);
        for host in ["localhost", "LocalHost:3500", "127.0.0.1:3500", "127.1.2.3", "[::1]:3500", "[::ffff:127.0.0.1]"] {
            assert_eq!(status("/", &[("host", host)]), None, "{host}");
        }
        assert_eq!(status("http://localhost:3500/", &[("host", "localhost:3500")]), None);
    }

    #[test]
    fn any_other_name_of_the_host_is_refused() {
        for host in
            ["evil.example", "localhost.evil.example:3500", "127.0.0.1.evil.example", "10.0.0.7", "[::2]", "", "a b"]
        {
            assert_eq!(status("/", &[("host", host)]), Some(StatusCode::FORBIDDEN), "{host}");
        }
        let both = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(status("/", &both), Some(StatusCode::FORBIDDEN));
        assert_eq!(status("http://evil.example/", &[("host", "localhost")]), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn any_origin_is_refused() {
        for origin in ["https://evil.example", "null", "http://localhost:3000", ""] {
            assert_eq!(
                status("/", &[("host", "localhost"), ("origin", origin)]),
                Some(StatusCode::FORBIDDEN),
                "{origin}"
            );
        }
    }
}

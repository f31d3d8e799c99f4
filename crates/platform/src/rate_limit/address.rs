//! From which address a request came.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::config::Reader;

/// `TRUSTED_PROXIES`: the reverse proxies whose `X-Forwarded-For` is believed. Nobody's is unless it is set: anybody can
/// send the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Reads the setting: addresses and networks (CIDR), separated by commas.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let mut networks = Vec::new();
        let entries = reader.optional("TRUSTED_PROXIES").unwrap_or_default().split(',').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let address = || entry.parse::<IpAddr>().map(IpNet::from);
            if let Ok(network) = entry.parse::<IpNet>().or_else(|_| address()) {
                networks.push(network);
            } else {
                let what = format!("has `{entry}`, which is not like 10.0.0.0/8, 192.0.2.7 or fd00::/8");
                reader.mistake("TRUSTED_PROXIES", &what);
            }
        }
        Self(networks)
    }

    /// Whose request it is: the peer's, or, when the peer is a trusted proxy, that of the last address in
    /// `X-Forwarded-For` that is no trusted proxy. What cannot be read in there ends the search at the proxy that sent it.
    pub(super) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')).map(address);
        while self.0.iter().any(|network| network.contains(&client)) {
            let Some(Some(before)) = hops.next() else { break };
            client = before;
        }
        client
    }
}

/// An entry of `X-Forwarded-For`; some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().or_else(|_| entry.parse().map(|socket: SocketAddr| socket.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

/// What is counted together: an IPv4 address, or the /64 that one IPv6 host has all of.
pub(super) fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Variables;

    fn read(list: &str) -> Result<TrustedProxies, String> {
        let variables = Variables::default().with("TRUSTED_PROXIES", list);
        let mut reader = Reader::new(&variables);
        let proxies = TrustedProxies::read(&mut reader);
        reader.finish(proxies).map_err(|mistakes| mistakes.to_string())
    }

    fn client(trusted: &str, peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        read(trusted).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_says_nothing() {
        assert_eq!(client("", "192.0.2.1:9", &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1:9", &["203.0.113.7"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_says_who_asked_it() {
        let trusted = "10.0.0.0/8, ::1";
        for (peer, forwarded, expected) in [
            ("10.0.0.1:9", &["203.0.113.7"][..], "203.0.113.7"),
            ("[::ffff:10.0.0.1]:9", &["203.0.113.7"], "203.0.113.7"),
            ("[::1]:9", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.0.0.1:9", &["203.0.113.7:5000 ,10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1:9", &["198.51.100.1, 203.0.113.7", "10.0.0.3,10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1:9", &["10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1:9", &[], "10.0.0.1"),
            ("10.0.0.1:9", &["203.0.113.7, unknown"], "10.0.0.1"),
            ("10.0.0.1:9", &["203.0.113.7,"], "10.0.0.1"),
            ("10.0.0.1:9", &["203.0.113.7, nonsense, 10.0.0.2"], "10.0.0.2"),
        ] {
            assert_eq!(client(trusted, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_a_mistake() {
        for wrong in ["10.0.0.0/33", "10.0.0", "localhost", "*", "::1/129"] {
            let mistake = read(&format!("127.0.0.1,{wrong}")).expect_err(wrong);
            assert!(mistake.contains(&format!("TRUSTED_PROXIES has `{wrong}`")), "{mistake}");
        }
        assert_eq!(read(" "), Ok(TrustedProxies::default()));
    }

    #[test]
    fn an_ipv6_host_is_counted_by_its_network() {
        let counted = |text: &str| counted_as(text.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("203.0.113.7"), "203.0.113.7");
    }
}

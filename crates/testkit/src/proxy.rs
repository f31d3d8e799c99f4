//! A TCP proxy, to take a server away from its clients.

use std::net::Ipv4Addr;

use reqwest::Url;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A TCP proxy before the server of a URL. It is open until it is cut; then connections end, and new ones are closed at once.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    open: watch::Sender<bool>,
    /// How often all connections of the moment were forgotten.
    forgotten: watch::Sender<u32>,
}

impl Proxy {
    /// A proxy before the server that `url` names.
    pub async fn to(url: &str) -> Self {
        Self::start(url, 0).await
    }

    /// The same, but its first client is never answered.
    pub async fn slow_to(url: &str) -> Self {
        Self::start(url, 1).await
    }

    async fn start(url: &str, unanswered: usize) -> Self {
        let mut url = Url::parse(url).expect("the address of a server");
        let host = url.host_str().expect("the address has a host").to_owned();
        let server = (host, url.port_or_known_default().unwrap_or(5432));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listen on a free port");
        let here = listener.local_addr().expect("the port that was chosen");
        url.set_ip_host(here.ip()).expect("the address has a host");
        url.set_port(Some(here.port())).expect("the address has a host");
        let (open, state) = watch::channel(true);
        let (forgotten, memory) = watch::channel(0);
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((client, _)) = listener.accept().await {
                if held.len() < unanswered {
                    held.push(client);
                    continue;
                }
                tokio::spawn(carry(client, server.clone(), state.clone(), memory.clone()));
            }
        });
        Self { url: url.into(), open, forgotten }
    }

    /// The server's address through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections, and lets none through from now on.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Carries nothing more over the connections of this moment, and lets neither end know, as a NAT that forgot them; new
    /// ones get through.
    pub fn forget(&self) {
        self.forgotten.send_modify(|times| *times += 1);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn carry(
    mut client: TcpStream,
    server: (String, u16),
    mut open: watch::Receiver<bool>,
    mut forgotten: watch::Receiver<u32>,
) {
    if !*open.borrow() {
        return;
    }
    forgotten.mark_unchanged();
    // What cannot be reached behind the proxy is as good as cut.
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        _ = open.wait_for(|open| !open) => return,
        _ = forgotten.changed() => {}
    }
    // Both ends stay, and hear nothing.
    let _ = open.wait_for(|open| !open).await;
}

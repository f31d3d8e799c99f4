//! A way to a server that can be cut.

use std::net::Ipv4Addr;

use reqwest::Url;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A way to the server of a URL, open until it is cut; then connections end, and new ones are closed at once.
#[derive(Debug)]
pub struct Road {
    url: String,
    open: watch::Sender<bool>,
}

impl Road {
    /// Lays a road to the server that `url` names.
    pub async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).expect("the address of a server");
        let host = url.host_str().expect("the address has a host").to_owned();
        let server = (host, url.port_or_known_default().unwrap_or(5432));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listen on a free port");
        let here = listener.local_addr().expect("the port that was chosen");
        url.set_ip_host(here.ip()).expect("the address has a host");
        url.set_port(Some(here.port())).expect("the address has a host");
        let (open, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), state.clone()));
            }
        });
        Self { url: url.into(), open }
    }

    /// The server's address by this road.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections, and lets none through from now on.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn carry(mut client: TcpStream, server: (String, u16), mut open: watch::Receiver<bool>) {
    if !*open.borrow() {
        return;
    }
    // What cannot be reached behind the road is as good as a road that is cut.
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

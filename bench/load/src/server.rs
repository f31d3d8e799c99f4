//! The Postgres server of the bench: as durable as in production.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use platform::lifecycle::shutdown_on_signal;
use serde_json::json;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where its data stands
    #[arg(long)]
    data: PathBuf,
    /// A setting as in postgresql.conf, such as max_connections=200
    #[arg(long = "set", value_parser = setting)]
    settings: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Serves until SIGTERM.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let shutdown = shutdown_on_signal()?;
    let server = postgres::Server::builder(arguments.data).settings(arguments.settings).start().await?;
    let pooler = match postgres::Pooler::program() {
        // As many connections as a service has.
        Some(program) => Some(postgres::Pooler::start(&program, &server, &[("default_pool_size", "16")]).await?),
        None => None,
    };
    let pooler_port = pooler.as_ref().map(postgres::Pooler::port);
    let mut out = std::io::stdout();
    writeln!(out, "{}", json!({"url": server.url("postgres"), "pid": server.pid(), "pooler_port": pooler_port}))?;
    out.flush()?;
    shutdown.cancelled().await;
    Ok(server.stop().await?)
}

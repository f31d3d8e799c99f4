//! The system that is measured.

use std::path::PathBuf;

use clap::Args;

/// Where it is, and who uses it.
#[derive(Args, Debug)]
pub(crate) struct Target {
    /// Where the API is
    #[arg(long)]
    pub(crate) base: String,
    /// The port of the sockets
    #[arg(long)]
    pub(crate) socket_port: u16,
    /// The users' tokens
    #[arg(long)]
    pub(crate) tokens: PathBuf,
}

//! What can be said after `tidings dead-letters`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::cli::Place;

/// Options of `tidings dead-letters`.
#[derive(Args, Debug)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(super) what: What,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// List them, newest first
    List(List),
    /// Print all of one, as JSON
    Show(Show),
    /// Publish one again, to the topic that it came from
    ///
    /// Without --event the message is published as it is, which helps when its consumer was broken. Consumers that have seen
    /// the event pass it over.
    Replay(Replay),
}

/// Options of `tidings dead-letters list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Only those that were published to this topic, such as task-events
    #[arg(long)]
    pub(super) topic: Option<String>,
    /// Only those that nobody has replayed yet, or only those that somebody has
    #[arg(long, value_parser = ["dead", "replayed"])]
    pub(super) status: Option<String>,
    /// Only those that are older than this one, to go on where a list ended
    #[arg(long, value_name = "ID")]
    pub(super) after: Option<Uuid>,
    /// How many at most, 1 to 200
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=200))]
    pub(super) limit: u8,
    /// Print the answer of audit-service instead of a table
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Options of `tidings dead-letters show`.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// Which one
    pub(super) id: Uuid,
    /// Print its CloudEvent alone, to be mended in an editor
    #[arg(long)]
    pub(super) event: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Options of `tidings dead-letters replay`.
#[derive(Args, Debug)]
pub(super) struct Replay {
    /// Which one
    pub(super) id: Uuid,
    /// The mended CloudEvent to publish in its place; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub(super) event: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

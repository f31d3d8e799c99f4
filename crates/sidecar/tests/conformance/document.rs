//! `docs/CONFORMANCE.md`: what the rows say of both sidecars, one line a row.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::case::{Content, Row};

/// What is pinned for `scripts/dapr-tools`.
const DAPR: &str = include_str!("../../../../scripts/dapr/go.mod");
const KAFKA: &str = include_str!("../../../../scripts/kafka/pom.xml");

/// Differences that no row measures, because they are of time.
const IN_TIME: [&str; 3] = [
    "A name is resolved at once; daprd's mDNS may take a second, and one for a name that nobody has.",
    "Jobs of a process that was killed are called for 10 s later, when its lease has ended; daprd's scheduler takes about 23 s.",
    "A pause before another attempt of a job counts from the failure; daprd's from the time of the tick.",
];

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONFORMANCE.md")
}

/// Whether the file is what the rows say.
pub(crate) fn is_current(rows: &[Row]) -> bool {
    std::fs::read_to_string(path()).is_ok_and(|text| text == compose(rows))
}

/// Writes it.
pub(crate) fn write(rows: &[Row]) -> anyhow::Result<()> {
    Ok(std::fs::write(path(), compose(rows))?)
}

fn compose(rows: &[Row]) -> String {
    let mut text = format!(
        "<!-- Written by the conformance suite; see crates/sidecar/tests/conformance. -->\n\
         # Conformance\n\n\
         What the services rely on a Dapr sidecar for, and whether it is so with the embedded sidecar and with a real daprd. One table of cases \
         is put to both by `CONFORMANCE_SIDECAR=daprd cargo test -p sidecar --test conformance`, which is part of \
         `./scripts/test distributed`. It fails when a sidecar does not do what its column says, and writes this page.\n\n\
         | | behaviour | embedded | daprd {}, Kafka {} |\n|---|---|---|---|\n",
        version(DAPR, "github.com/dapr/dapr v"),
        version(KAFKA, "kafka_2.13</artifactId><version>"),
    );
    for Row { number, title, content } in rows {
        let (embedded, daprd) = match content {
            Content::Same(_) => ("yes".to_owned(), "yes".to_owned()),
            Content::Apart { reason, .. } => ("yes".to_owned(), format!("**no**: {reason}")),
            Content::NotHere(reason) => (format!("**not there**: {reason}"), "not asked".to_owned()),
        };
        let _ = writeln!(text, "| {number} | {title} | {embedded} | {daprd} |");
    }
    text.push_str("\nDifferences in time, which no row measures:\n\n");
    for difference in IN_TIME {
        let _ = writeln!(text, "- {difference}");
    }
    text
}

/// The version that a pin has after `mark`.
fn version<'p>(pin: &'p str, mark: &str) -> &'p str {
    let after = pin.split_once(mark).map(|(_, after)| after).unwrap_or_default();
    after.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next().unwrap_or_default()
}

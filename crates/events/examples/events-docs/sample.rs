//! The samples, as they are printed.

use std::fs;
use std::path::Path;

use anyhow::Context;
use events::EventType;

/// A published sample.
pub(crate) struct Sample {
    /// The event type that it shows.
    pub(crate) event_type: EventType,
    /// The file, without the final line break.
    pub(crate) text: String,
}

/// The samples in the order of the event types.
pub(crate) fn read_all() -> anyhow::Result<Vec<Sample>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    EventType::ALL
        .iter()
        .map(|event_type| {
            let name = format!("{event_type}.json");
            let text =
                fs::read_to_string(directory.join(&name)).with_context(|| format!("cannot read samples/{name}"))?;
            Ok(Sample { event_type: *event_type, text: text.trim_end().to_owned() })
        })
        .collect()
}

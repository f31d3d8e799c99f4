//! The contract, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken fixture stops the test that needs it")]

mod draft;
mod malformed;
mod routing;
mod samples;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn samples_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The JSON files of a directory by name without `.json`.
fn read_samples(directory: &Path) -> BTreeMap<String, Value> {
    let mut samples = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            samples.insert(name, serde_json::from_str(&text).unwrap());
        }
    }
    samples
}

fn sample(name: &str) -> Value {
    let path = samples_directory().join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

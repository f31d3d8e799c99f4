//! Writes `docs/EVENTS.md` and `specs/asyncapi.yaml` from the contract and its samples.
//!
//! With `--check` it writes nothing, names the files that differ and exits with 1.

mod asyncapi;
mod json_schema;
mod markdown;
mod sample;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: events-docs [--check]"),
    };
    let stale = stale_files(&generate()?);
    for (path, content) in &stale {
        writeln!(io::stdout(), "{path} {}", if check { "differs" } else { "written" })?;
        if !check {
            write_file(path, content)?;
        }
    }
    Ok(if check && !stale.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The documents, by path from the root of the repository.
fn generate() -> anyhow::Result<Vec<(&'static str, String)>> {
    let samples = sample::read_all()?;
    Ok(vec![("docs/EVENTS.md", markdown::render(&samples)?), ("specs/asyncapi.yaml", asyncapi::render(&samples)?)])
}

fn stale_files(documents: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let differs =
        |path: &str, content: &String| fs::read_to_string(Path::new(ROOT).join(path)).ok().as_ref() != Some(content);
    documents.iter().filter(|(path, content)| differs(path, content)).cloned().collect()
}

fn write_file(path: &str, content: &str) -> anyhow::Result<()> {
    let target = Path::new(ROOT).join(path);
    if let Some(directory) = target.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {path}'s directory"))?;
    }
    fs::write(&target, content).with_context(|| format!("cannot write {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_documents_are_current() {
        let stale: Vec<_> = stale_files(&generate().unwrap()).into_iter().map(|(path, _)| path).collect();
        assert!(stale.is_empty(), "run `cargo run -p events --example events-docs`: {stale:?}");
    }
}

//! What the documents name is there: files and folders of the project, and what their links lead to.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// The folders at the root whose files are named by their whole paths.
const FOLDERS: [&str; 9] = ["bench", "charts", "components", "crates", "docs", "k8s", "scripts", "services", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// README.md, and every document in `docs`, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let listed = ["docs", "docs/adr"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let listed = listed.into_iter().flatten().map(|entry| entry.unwrap().path());
    let documents = listed.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let documents = [root().join("README.md")].into_iter().chain(documents);
    documents.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The paths in a text that begin with one of the folders: `./scripts/up`, `crates/platform/src/health.rs`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._/-".contains(letter));
    let paths = words.map(|word| word.trim_start_matches("../").trim_start_matches("./").trim_end_matches('.'));
    paths.filter(|path| path.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder)))
}

/// Where the links of a text lead to in this project, without the place within a document.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).filter_map(|target| target.split('#').next())
}

#[test]
fn paths_and_links_are_found_in_a_text() {
    let text =
        "`./scripts/up` or [tests](../tests/charts/run#all), crates/a.rs. [not](https://docs/x) other/x, scripts";
    assert_eq!(named(text).collect::<Vec<_>>(), ["scripts/up", "tests/charts/run", "crates/a.rs"]);
    assert_eq!(links(text).collect::<Vec<_>>(), ["../tests/charts/run"]);
}

#[test]
fn what_the_documents_name_is_there() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        let folder = document.parent().unwrap();
        let paths = named(&text).map(|path| (path, root().join(path)));
        let linked = links(&text).map(|path| (path, folder.join(path)));
        let lost = paths.chain(linked).filter(|(_, place)| !place.exists());
        missing.extend(lost.map(|(path, _)| format!("{}: {path}", document.display())));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

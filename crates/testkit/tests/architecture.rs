//! The shape of the house: which crate may know which, and inside a service which room may know which.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room of a service may use of the others. A room may always use itself. `app` holds the state of the service,
/// which is handed to everybody but the domain and the store. `hub` is the store of a service whose things are sockets, `channels`
/// are the ways out of one that tells people things.
const ROOMS: [(&str, &[&str]); 7] = [
    ("api", &["actions", "app", "channels", "domain", "hub", "store"]),
    ("events", &["actions", "app", "domain", "hub", "store"]),
    ("jobs", &["actions", "app", "channels", "domain", "hub", "store"]),
    ("actions", &["app", "channels", "domain", "hub", "store"]),
    ("store", &["domain"]),
    ("hub", &["domain"]),
    ("channels", &["domain"]),
];

/// What each crate may depend on among ours; tests may depend on anything.
const CRATES: [(&str, &[&str]); 6] = [
    ("events", &[]),
    ("platform", &["events"]),
    ("postgres", &[]),
    ("recurrence", &[]),
    ("sidecar", &["platform"]),
    ("testkit", &["platform", "postgres"]),
];

/// The longest file.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn rust_files(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && name(&path) != "target" {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// The crates of this workspace in `[dependencies]` (not in `[dev-dependencies]`).
fn dependencies(manifest: &Path, ours: &BTreeSet<String>) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).unwrap();
    let section = text.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| ours.contains(*name)).map(str::to_owned).collect()
}

/// The modules at the root of its crate that a file names: `crate::store::…`, and each of `crate::{store, domain::…}`.
fn used_rooms(text: &str) -> BTreeSet<&str> {
    text.split("crate::")
        .skip(1)
        .flat_map(|rest| rest.strip_prefix('{').map_or_else(|| vec![first_name(rest)], group))
        .collect()
}

/// The first name of each item of a group, whose opening brace is passed already.
fn group(text: &str) -> Vec<&str> {
    let mut names = vec![first_name(text)];
    let mut depth = 0_i32;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_name(&text[at + 1..])),
            _ => {}
        }
    }
    names
}

fn first_name(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}

#[test]
fn rooms_are_found_in_every_form_of_use() {
    for (text, expected) in [
        ("use crate::store::entries;", &["store"] as &[&str]),
        ("use crate::store;", &["store"]),
        ("use crate::{APP_ID, store};", &["APP_ID", "store"]),
        (
            "use crate::{\n    domain::{entry, criteria},\n    store::{self, x},\n};\nlet y = z::{api, w};",
            &["domain", "store"],
        ),
        ("crate::app::App; pub(crate) fn f(s: crate::events_of::X)", &["app", "events_of"]),
        ("pub(crate) mod store; use super::store;", &[]),
    ] {
        let found: Vec<&str> = used_rooms(text).into_iter().filter(|name| !name.is_empty()).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn crates_know_only_what_they_may() {
    let (crates, services) = (folders(&root().join("crates")), folders(&root().join("services")));
    let ours: BTreeSet<String> = crates.iter().chain(&services).map(|path| name(path)).collect();
    let known: BTreeMap<_, _> = CRATES.into_iter().collect();
    for path in &crates {
        let Some(allowed) = known.get(name(path).as_str()) else {
            assert_eq!(name(path), "standalone", "say in this test what the new crate may know");
            continue;
        };
        for used in dependencies(&path.join("Cargo.toml"), &ours) {
            assert!(allowed.contains(&used.as_str()), "{} must not depend on {used}", name(path));
        }
    }
    for path in &services {
        for used in dependencies(&path.join("Cargo.toml"), &ours) {
            let allowed = ["events", "platform", "recurrence"];
            assert!(allowed.contains(&used.as_str()), "{} must not depend on {used}", name(path));
        }
    }
}

#[test]
fn rooms_know_only_what_they_may() {
    for service in folders(&root().join("services")) {
        for (room, allowed) in ROOMS {
            let folder = service.join("src").join(room);
            for file in if folder.is_dir() { rust_files(&folder) } else { Vec::new() } {
                let text = fs::read_to_string(&file).unwrap();
                let used = used_rooms(&text);
                for (other, _) in ROOMS.iter().chain(&[("app", &[] as &[&str])]) {
                    let may = *other == room || allowed.contains(other);
                    assert!(may || !used.contains(other), "{} must not use crate::{other}", file.display());
                }
            }
        }
    }
}

#[test]
fn the_domain_is_pure() {
    for service in folders(&root().join("services")) {
        let folder = service.join("src/domain");
        for file in if folder.is_dir() { rust_files(&folder) } else { Vec::new() } {
            let text = fs::read_to_string(&file).unwrap();
            for used in ["axum", "sea_orm", "reqwest"] {
                assert!(!text.contains(&format!("{used}::")), "{} must not use {used}", file.display());
            }
            let rooms = used_rooms(&text);
            for (room, _) in ROOMS.iter().chain(&[("app", &[] as &[&str])]) {
                assert!(!rooms.contains(room), "{} must not use crate::{room}", file.display());
            }
        }
    }
}

#[test]
fn every_service_has_the_same_rooms() {
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).chain(["domain"]).collect();
    for service in folders(&root().join("services")) {
        for folder in folders(&service.join("src")) {
            assert!(rooms.contains(name(&folder).as_str()), "{} is no room of a service", folder.display());
        }
        for file in ["main.rs", "lib.rs", "config.rs", "app.rs"] {
            assert!(service.join("src").join(file).is_file(), "{} has no {file}", service.display());
        }
    }
}

#[test]
fn files_are_short() {
    for folder in ["crates", "services"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines: split it by noun", file.display());
        }
    }
}

//! The components folder of the project, or the one that is compiled in where the project has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sidecar::SUBSCRIPTIONS;

use crate::data_directory::DataDirectory;

/// The files of this repository's own folder.
const DEFAULT: [(&str, &str); 7] = [
    ("configuration.yaml", include_str!("../../../components/configuration.yaml")),
    ("pubsub-per-replica.yaml", include_str!("../../../components/pubsub-per-replica.yaml")),
    ("pubsub.yaml", include_str!("../../../components/pubsub.yaml")),
    ("resiliency.yaml", include_str!("../../../components/resiliency.yaml")),
    ("subscriptions/task-created.yaml", include_str!("../../../components/subscriptions/task-created.yaml")),
    ("tasks.yaml", include_str!("../../../components/tasks.yaml")),
    ("secrets.yaml", include_str!("../../../components/secrets.yaml")),
];

/// `components/` of the project; without it, a folder with the compiled-in files in the data directory.
pub(crate) fn folder(project: &Path, data: &DataDirectory) -> anyhow::Result<PathBuf> {
    let own = project.join("components");
    if own.is_dir() {
        return Ok(own);
    }
    let folder = data.join("components");
    let subscriptions = folder.join(SUBSCRIPTIONS);
    fs::create_dir_all(&subscriptions).with_context(|| format!("cannot create {}", subscriptions.display()))?;
    for (name, text) in DEFAULT {
        data.replace(&format!("components/{name}"), text)?;
    }
    Ok(folder)
}

/// Writes the files of `from`, and of its folder of subscriptions, to `to`, each as `change` makes it.
pub(crate) fn copy(from: &Path, to: &Path, change: impl Fn(&str) -> String) -> anyhow::Result<()> {
    for folder in ["", SUBSCRIPTIONS] {
        let (from, to) = (from.join(folder), to.join(folder));
        fs::create_dir_all(&to).with_context(|| format!("cannot create {}", to.display()))?;
        if !from.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))? {
            let file = entry?.path();
            if let Some(name) = file.file_name().filter(|_| file.is_file()) {
                let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
                fs::write(to.join(name), change(&text)).with_context(|| format!("cannot write to {}", to.display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_compiled_in_is_this_repositorys_own_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../components");
        let files = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let all = files(folder.clone()).chain(files(folder.join(SUBSCRIPTIONS))).filter(|path| path.is_file());
        let there: BTreeMap<String, String> = all
            .map(|path| {
                let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        let compiled_in = DEFAULT.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        assert_eq!(there, compiled_in.collect());
    }
}

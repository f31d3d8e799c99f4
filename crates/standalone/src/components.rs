//! The components folder of the project, or the one that is compiled in where the project has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::data_directory::DataDirectory;

/// The files of this repository's own folder.
const DEFAULT: [(&str, &str); 4] = [
    ("pubsub-per-replica.yaml", include_str!("../../../components/pubsub-per-replica.yaml")),
    ("pubsub.yaml", include_str!("../../../components/pubsub.yaml")),
    ("resiliency.yaml", include_str!("../../../components/resiliency.yaml")),
    ("secrets.yaml", include_str!("../../../components/secrets.yaml")),
];

/// `components/` of the project; without it, a folder with the compiled-in files in the data directory.
pub(crate) fn folder(project: &Path, data: &DataDirectory) -> anyhow::Result<PathBuf> {
    let own = project.join("components");
    if own.is_dir() {
        return Ok(own);
    }
    let folder = data.join("components");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, text) in DEFAULT {
        data.replace(&format!("components/{name}"), text)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_compiled_in_is_this_repositorys_own_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../components");
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let there: BTreeMap<String, String> = files
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        let compiled_in = DEFAULT.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        assert_eq!(there, compiled_in.collect());
    }
}

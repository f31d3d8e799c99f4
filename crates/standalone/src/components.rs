//! The components folder of the project, or the one that is compiled in where the project has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::data_directory::DataDirectory;

/// The files of this repository's own folder.
const DEFAULT: [(&str, &str); 3] = [
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

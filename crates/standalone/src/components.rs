//! The components folder of the project, or the one that is compiled in where the project has none.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sidecar::Resources;

use crate::data_directory::DataDirectory;

/// The files of this repository's own folder.
const DEFAULT: [(&str, &str); 3] = [
    ("pubsub.yaml", include_str!("../../../components/pubsub.yaml")),
    ("resiliency.yaml", include_str!("../../../components/resiliency.yaml")),
    ("secrets.yaml", include_str!("../../../components/secrets.yaml")),
];

/// Reads `components/` of the project; without it, the compiled-in files, which are put into the data directory.
pub(crate) fn load(project: &Path, data: &DataDirectory) -> anyhow::Result<Resources> {
    let own = project.join("components");
    if own.is_dir() {
        return Ok(Resources::load(own)?);
    }
    let folder = data.join("components");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, text) in DEFAULT {
        data.replace(&format!("components/{name}"), text)?;
    }
    Ok(Resources::load(folder)?)
}

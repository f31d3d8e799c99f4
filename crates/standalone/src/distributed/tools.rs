//! The programs that the distributed system consists of beside ours.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use platform::config::{Reader, Variables};

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Tools {
    pub(crate) daprd: PathBuf,
    pub(crate) scheduler: PathBuf,
    pub(crate) java: PathBuf,
    /// The folder of Kafka's jars.
    pub(crate) kafka: PathBuf,
    /// The folder of the services' own programs.
    services: PathBuf,
}

impl Tools {
    /// Finds them: Dapr's in `DAPR_BIN`, where `dapr init --slim` puts them, or where `scripts/dapr-tools` does, which is also
    /// the place of Kafka's jars.
    ///
    /// # Errors
    /// Says what is missing and how it is got.
    pub fn find(variables: &Variables) -> anyhow::Result<Self> {
        let reader = Reader::new(variables);
        let folder = |name: &str| reader.optional(name).map(PathBuf::from);
        let home = env::home_dir().unwrap_or_default();
        let cache = folder("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
        let tools = folder("TIDINGS_CACHE").unwrap_or_else(|| cache.join("tidings")).join("tools");
        let dapr = [folder("DAPR_BIN"), Some(home.join(".dapr/bin")), Some(tools.join("dapr"))];
        let dapr = |name: &str| {
            let places = dapr.iter().flatten().map(|folder| folder.join(name));
            first_file(places).with_context(|| missing(name, "dapr init --slim, or ./scripts/dapr-tools"))
        };
        let java_home = folder("JAVA_HOME").map(|home| home.join("bin/java"));
        let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
        let java = first_file(java_home.into_iter().chain(on_path.iter().map(|folder| folder.join("java"))));
        let kafka = tools.join("kafka");
        anyhow::ensure!(kafka.is_dir(), missing("Apache Kafka", "./scripts/dapr-tools"));
        Ok(Self {
            daprd: dapr("daprd")?,
            scheduler: dapr("scheduler")?,
            java: java
                .with_context(|| missing("java", "your package manager, such as apt-get install openjdk-17-jdk"))?,
            kafka,
            services: services(&reader)?,
        })
    }

    /// The program of a service.
    ///
    /// # Errors
    /// When it was not built.
    pub(crate) fn service(&self, app_id: &str) -> anyhow::Result<PathBuf> {
        let program = self.services.join(app_id);
        anyhow::ensure!(
            program.is_file(),
            "{} is not there: run cargo build --workspace --bins, or name its folder in TIDINGS_BIN",
            program.display()
        );
        Ok(program)
    }
}

/// `TIDINGS_BIN`, or where this program is; tests are in a folder within.
fn services(reader: &Reader<'_>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = reader.optional("TIDINGS_BIN") {
        return Ok(PathBuf::from(folder));
    }
    let own = env::current_exe().context("this program cannot be found")?;
    let folder = own.parent().ok_or_else(|| anyhow!("this program is in no folder"))?;
    let within = folder.file_name().is_some_and(|name| name == "deps");
    Ok(folder.parent().filter(|_| within).unwrap_or(folder).to_path_buf())
}

fn first_file(mut places: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    places.find(|path: &PathBuf| Path::is_file(path))
}

fn missing(what: &str, by: &str) -> String {
    format!("{what}, which the distributed system needs, is not there: get it with {by}")
}

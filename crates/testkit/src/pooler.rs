//! `TIDINGS_TEST_POOLER=pgbouncer`: services reach their databases through PgBouncer in transaction mode, as they would on Neon.

use std::path::PathBuf;

use platform::database::{PoolOptions, Statements};

/// `pgbouncer`, or the path of another one.
const POOLER: &str = "TIDINGS_TEST_POOLER";

/// `cached`, for a pooler that keeps track of named statements; `unnamed` unless set.
const STATEMENTS: &str = "TIDINGS_TEST_STATEMENTS";

/// Whether services are to reach their databases through it.
pub(crate) fn is_between() -> bool {
    std::env::var_os(POOLER).is_some()
}

/// The program that was named by its path.
pub(crate) fn chosen() -> Option<PathBuf> {
    std::env::var_os(POOLER).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `DATABASE_STATEMENTS` of a service whose database is a test's.
pub fn statements() -> &'static str {
    match std::env::var(STATEMENTS).as_deref() {
        Ok("cached") => "cached",
        _ if is_between() => "unnamed",
        _ => "cached",
    }
}

/// How the databases of tests are used.
pub fn pool_options() -> PoolOptions {
    let statements: Statements = statements().parse().expect("one that is known");
    PoolOptions { statements, ..PoolOptions::default() }
}

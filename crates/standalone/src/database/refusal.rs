//! Why a database could not be had, and what to do about it.

use anyhow::anyhow;
use sea_orm::sqlx::Error;
use sea_orm::{DbErr, RuntimeErr};

use super::address::Address;

/// `invalid_password` and `invalid_authorization_specification` (PostgreSQL, appendix A).
const CREDENTIALS: [&str; 2] = ["28P01", "28000"];
/// `invalid_catalog_name`.
const NO_DATABASE: &str = "3D000";
/// `too_many_connections`.
const TOO_MANY: &str = "53300";

/// `insufficient_privilege`.
pub(super) const NO_RIGHT: &str = "42501";
/// `duplicate_prepared_statement` and `invalid_sql_statement_name`: what a pooler makes of statements that it does not keep
/// track of.
pub(super) const STATEMENT_KNOWN: &str = "42P05";
pub(super) const STATEMENT_UNKNOWN: &str = "26000";
/// `disk_full`.
pub(super) const DISK_FULL: &str = "53100";

/// The code and the message of PostgreSQL, where it said something; else no code and what happened.
pub(super) fn said(error: &DbErr) -> (Option<String>, String) {
    let told = match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            inner.as_database_error()
        }
        _ => None,
    };
    told.map_or_else(|| (None, error.to_string()), |told| (told.code().map(Into::into), told.message().to_owned()))
}

/// Whether the server refused the user or the password.
pub(super) fn is_of_credentials(error: &Error) -> bool {
    code(error).is_some_and(|code| CREDENTIALS.contains(&code.as_str()))
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

/// One line that names what is wrong with `address`, and what to do.
pub(super) fn explain(address: &Address, error: &Error) -> anyhow::Error {
    let Address { origin, options, .. } = address;
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let silent = |reason: &str| {
        anyhow!(
            "no PostgreSQL answers at {host}:{port} ({reason}): start it, correct {origin}, or unset it to have a \
             private server"
        )
    };
    let disagrees = |reason: &dyn std::fmt::Display| {
        anyhow!("PostgreSQL at {host}:{port} does not agree on encryption ({reason}): correct sslmode in {origin}")
    };
    match error {
        // A certificate that is not believed.
        Error::Io(reason) if reason.kind() == std::io::ErrorKind::InvalidData => disagrees(reason),
        Error::Io(reason) => silent(&reason.to_string()),
        Error::PoolTimedOut => silent("no answer within 5 s"),
        Error::Tls(reason) => disagrees(reason),
        _ if is_of_credentials(error) => {
            anyhow!("PostgreSQL at {host}:{port} refuses user {user}: correct the user and the password in {origin}")
        }
        _ => match code(error).as_deref() {
            Some(NO_DATABASE) => {
                let name = options.get_database().unwrap_or(user);
                anyhow!(
                    "PostgreSQL at {host}:{port} has no database {name}: create it with createdb {name}, or correct \
                     {origin}"
                )
            }
            Some(TOO_MANY) => {
                anyhow!("PostgreSQL at {host}:{port} has no connection left: raise its max_connections, or close some")
            }
            _ => anyhow!("PostgreSQL at {host}:{port} cannot be used ({error}): correct it or {origin}"),
        },
    }
}

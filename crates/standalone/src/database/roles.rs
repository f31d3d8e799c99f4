//! The roles that the services connect as: they own nothing and may do what their schema's privileges say.

use anyhow::{Context as _, anyhow, bail};
use platform::config::Secret;
use platform::database::Pool;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};

use super::address::Address;
use super::refusal;

/// The longest name that PostgreSQL does not cut short, in bytes.
const LONGEST_NAME: usize = 63;

/// Creates `role`, or gives it `password` if it has another one.
pub(super) async fn ensure(
    owner: &Pool,
    address: &Address,
    database: &str,
    role: &str,
    password: &Secret,
) -> anyhow::Result<()> {
    if role.len() > LONGEST_NAME {
        bail!("the name of database {database} is too long: role {role} would have more than {LONGEST_NAME} bytes");
    }
    let login = format!("LOGIN PASSWORD {}", quoted('\'', password.expose()));
    let name = quoted('"', role);
    let done = if !exists(owner, role).await? {
        owner.execute_unprepared(&format!("CREATE ROLE {name} {login}")).await
    } else if is_refused(address, database, role, password).await? {
        tracing::warn!(role, "the role had another password, which is changed: another data directory made it");
        owner.execute_unprepared(&format!("ALTER ROLE {name} {login}")).await
    } else {
        return Ok(());
    };
    done.map(drop).map_err(|error| not_made(address, role, &error))
}

async fn exists(owner: &Pool, role: &str) -> anyhow::Result<bool> {
    let sql = "SELECT 1 FROM pg_roles WHERE rolname = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [role.into()]);
    Ok(owner.query_one_raw(statement).await.context("the roles of the server cannot be read")?.is_some())
}

/// Whether `owner` may make schemas.
pub(super) async fn may_create(owner: &Pool) -> anyhow::Result<bool> {
    let sql = "SELECT has_database_privilege(current_database(), 'CREATE')";
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.context("a SELECT of one value answers with one row")?.try_get_by_index(0)?)
}

/// Whether the server refuses to let `role` in with `password`.
async fn is_refused(address: &Address, database: &str, role: &str, password: &Secret) -> anyhow::Result<bool> {
    let own = Address::parse(address.origin, &address.as_role(database, role, password))?;
    match own.connect().await {
        Ok(connection) => {
            let _ = sea_orm::sqlx::Connection::close(connection).await;
            Ok(false)
        }
        Err(error) if refusal::is_of_credentials(&error) => Ok(true),
        Err(error) => Err(refusal::explain(&own, &error)),
    }
}

fn not_made(address: &Address, role: &str, error: &DbErr) -> anyhow::Error {
    let (code, said) = refusal::said(error);
    if code.as_deref() != Some(refusal::NO_RIGHT) {
        return anyhow!("role {role} cannot be made: {said}");
    }
    let user = address.options.get_username();
    anyhow!(
        "{user} may not make role {role} ({said}): let an administrator run ALTER ROLE {} CREATEROLE, or put an \
         administrator into {}",
        quoted('"', user),
        address.origin
    )
}

/// `text` between `quote`s, which are doubled inside: an identifier or a string of SQL.
fn quoted(quote: char, text: &str) -> String {
    let mark = quote.to_string();
    format!("{quote}{}{quote}", text.replace(quote, &mark.repeat(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_a_name_are_doubled() {
        assert_eq!(quoted('"', r#"a "name" of mine_core"#), r#""a ""name"" of mine_core""#);
        assert_eq!(quoted('\'', "it's"), "'it''s'");
    }
}

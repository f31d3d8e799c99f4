//! Users, and the workspaces that they are members of.

use chrono::{DateTime, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::isolation::CALLER;

/// A user, as the API shows them to themselves.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The id that the identity provider gave.
    pub id: String,
    /// The e-mail address, when the identity provider gave one.
    pub email: Option<String>,
    /// The given name; may be empty.
    pub first_name: String,
    /// The family name; may be empty.
    pub last_name: String,
    /// The IANA time zone.
    pub timezone: String,
    /// The personal workspace.
    pub workspace_id: Uuid,
}

/// What the built-in issuer is called where users are kept; its address may change, its users stay the same.
pub const BUILT_IN_ISSUER: &str = "built-in";

/// What is remembered of a user: what never changes, and the time zone, which may.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct KnownUser {
    /// Who speaks for the user: the issuer that vouched for them first.
    pub issuer: String,
    /// The personal workspace.
    pub workspace_id: Uuid,
    /// The IANA time zone, as it was when it was read.
    pub timezone: String,
}

/// A workspace that a user is a member of.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize)]
pub struct Membership {
    /// The workspace.
    pub id: Uuid,
    /// The number of its latest event.
    pub sequence: i64,
    /// Whether it is the user's personal one.
    pub personal: bool,
}

const SELECT: &str = "SELECT id, email, first_name, last_name, timezone, workspace_id FROM core.users";

/// The user.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<User>, DbErr> {
    let sql =
        format!("SELECT person.* FROM {CALLER} CROSS JOIN LATERAL ({SELECT} WHERE id = caller.id OFFSET 0) AS person");
    User::find_by_statement(statement(&sql, [id.into()])).one(db).await
}

/// What is remembered of the user.
///
/// # Errors
/// When the database is away.
pub async fn find_known(db: &impl ConnectionTrait, id: &str) -> Result<Option<KnownUser>, DbErr> {
    let sql = format!(
        "SELECT known.* FROM {CALLER} CROSS JOIN LATERAL \
           (SELECT issuer, workspace_id, timezone FROM core.users WHERE id = caller.id OFFSET 0) AS known"
    );
    KnownUser::find_by_statement(statement(&sql, [id.into()])).one(db).await
}

/// The user, locked until the transaction ends, which acts as them.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(db: &impl ConnectionTrait, id: &str) -> Result<Option<User>, DbErr> {
    let sql = format!("{SELECT} WHERE id = $1 FOR UPDATE");
    User::find_by_statement(statement(&sql, [id.into()])).one(db).await
}

/// Stores a new user of `issuer` with their personal workspace, of which they are the owner; false when the user is there
/// already, in which case nothing is stored. The transaction acts as the system.
///
/// # Errors
/// When the database refuses.
pub async fn insert(db: &impl ConnectionTrait, user: &User, issuer: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    // The locking first statement makes two first sights of one user take turns.
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended('user:' || $1, 0))";
    db.execute_raw(statement(sql, [user.id.clone().into()])).await?;
    let sql = "WITH newcomer AS (SELECT $1 AS id WHERE NOT EXISTS (SELECT FROM core.users WHERE id = $1)), \
         home AS (INSERT INTO core.workspaces (id, kind, name, created_at) \
           SELECT $6, 'personal', 'Personal', $7 FROM newcomer RETURNING id), \
         person AS (INSERT INTO core.users \
           (id, issuer, email, first_name, last_name, timezone, workspace_id, created_at, updated_at) \
           SELECT $1, $8, $2, $3, $4, $5, home.id, $7, $7 FROM home RETURNING id, workspace_id) \
         INSERT INTO core.members (workspace_id, user_id, role, joined_at) \
           SELECT workspace_id, id, 'owner', $7 FROM person";
    let values = [
        user.id.clone().into(),
        user.email.clone().into(),
        user.first_name.clone().into(),
        user.last_name.clone().into(),
        user.timezone.clone().into(),
        user.workspace_id.into(),
        now.into(),
        issuer.into(),
    ];
    Ok(db.execute_raw(statement(sql, values)).await?.rows_affected() == 1)
}

/// Stores a changed profile.
///
/// # Errors
/// When the database refuses.
pub async fn update(db: &impl ConnectionTrait, user: &User, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE core.users SET first_name = $2, last_name = $3, timezone = $4, updated_at = $5 WHERE id = $1";
    let values = [
        user.id.clone().into(),
        user.first_name.clone().into(),
        user.last_name.clone().into(),
        user.timezone.clone().into(),
        now.into(),
    ];
    db.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// The workspaces of a user with their sequences, the personal one first.
///
/// # Errors
/// When the database is away.
pub async fn memberships(db: &impl ConnectionTrait, user_id: &str) -> Result<Vec<Membership>, DbErr> {
    let sql = format!(
        "SELECT membership.* FROM {CALLER} CROSS JOIN LATERAL (\
           SELECT w.id, w.sequence, w.id = u.workspace_id AS personal FROM core.members m \
           JOIN core.workspaces w ON w.id = m.workspace_id JOIN core.users u ON u.id = m.user_id \
           WHERE m.user_id = caller.id OFFSET 0) AS membership ORDER BY personal DESC, id"
    );
    Membership::find_by_statement(statement(&sql, [user_id.into()])).all(db).await
}

/// Whether the user is a member of the workspace.
///
/// # Errors
/// When the database is away.
pub async fn is_member(db: &impl ConnectionTrait, user_id: &str, workspace_id: Uuid) -> Result<bool, DbErr> {
    let sql = "SELECT 1 WHERE core.is_member($1, $2)";
    Ok(db.query_one_raw(statement(sql, [user_id.into(), workspace_id.into()])).await?.is_some())
}

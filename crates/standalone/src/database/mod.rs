//! The database of a system: the one that `DATABASE_URL` names, or a private server; its roles and schemas.

mod address;
mod refusal;
mod roles;
mod server;

use anyhow::{Context as _, anyhow};
use platform::config::{Reader, Variables};
use platform::database::{Pool, PoolOptions, Schema, owner_url};
use sea_orm::DbErr;

pub(crate) use address::Address;

use crate::data_directory::DataDirectory;
use crate::secrets::Secrets;
use crate::services::storages;
use server::Private;

/// The name of the database on a private server.
const NAME: &str = "tidings";

/// A database whose roles and schemas are in place.
#[derive(Debug)]
pub(crate) struct Database {
    /// As the services reach it, possibly through a pooler.
    service: Address,
    owner: Address,
    /// Its name, which the names of the roles begin with.
    name: String,
    server: Option<Private>,
}

impl Database {
    /// Finds or starts the server, and brings roles and schemas up to date.
    pub(crate) async fn prepare(
        variables: &Variables,
        settings: &[(String, String)],
        data: &DataDirectory,
        secrets: &Secrets,
    ) -> anyhow::Result<Self> {
        let reader = Reader::new(variables);
        let mut database = if let Some(url) = reader.optional("DATABASE_URL") {
            let service = Address::parse("DATABASE_URL", url)?;
            let owner = owner_url(&reader)?.map(|(origin, url)| Address::parse(origin, url)).transpose()?;
            Self { owner: owner.unwrap_or_else(|| service.clone()), service, name: String::new(), server: None }
        } else {
            let server = Private::start(&reader, settings, data).await?;
            let own = Address::parse("the private server", &server.url(NAME))?;
            Self { service: own.clone(), owner: own, name: String::new(), server: Some(server) }
        };
        match database.bring_up_to_date(secrets).await {
            Ok(()) => Ok(database),
            Err(error) => {
                database.stop().await;
                Err(error)
            }
        }
    }

    async fn bring_up_to_date(&mut self, secrets: &Secrets) -> anyhow::Result<()> {
        if let Some(server) = &self.server {
            server.create_database(NAME).await?;
        }
        self.name = self.owner.probe().await?;
        let owner = connect(&self.owner).await?;
        let migrated = self.migrate(&owner, secrets).await;
        owner.close().await;
        migrated
    }

    async fn migrate(&self, owner: &Pool, secrets: &Secrets) -> anyhow::Result<()> {
        for storage in storages() {
            let role = storage.schema.role(&self.name);
            let password = secrets.role_password(storage.schema.name)?;
            roles::ensure(owner, &self.owner, &self.name, &role, &password).await?;
            let migrated = (storage.migrate)(owner).await;
            if let Err(error) = migrated {
                return Err(self.not_migrated(
                    &storage.schema,
                    &error,
                    roles::may_create(owner).await.unwrap_or(false),
                ));
            }
        }
        Ok(())
    }

    fn not_migrated(&self, schema: &Schema, error: &DbErr, may_create: bool) -> anyhow::Error {
        let (Schema { name, .. }, database) = (schema, &self.name);
        let (code, said) = refusal::said(error);
        match code.as_deref() {
            Some(refusal::NO_RIGHT) if may_create => anyhow!(
                "{} may not bring schema {name} of database {database} up to date ({said}): put the owner of that schema into {}",
                self.owner,
                self.owner.origin
            ),
            Some(refusal::NO_RIGHT) => anyhow!(
                "{} may not set up schema {name} in database {database} ({said}): let its owner run GRANT CREATE ON \
                 DATABASE, or put the owner into {}",
                self.owner,
                self.owner.origin
            ),
            Some(refusal::STATEMENT_KNOWN | refusal::STATEMENT_UNKNOWN) => anyhow!(
                "before {} is a pooler that migrations cannot pass ({said}): set DATABASE_URL_DIRECT to the address past it, and \
                 DATABASE_STATEMENTS=unnamed if it is PgBouncer before 1.21",
                self.owner
            ),
            Some(refusal::DISK_FULL) => {
                anyhow!("the disk of the database is full ({said}): free some space and start again")
            }
            _ => anyhow!("schema {name} could not be brought up to date: {said}"),
        }
    }

    /// The address for the role that serves `schema`.
    pub(crate) fn url_of(&self, schema: &Schema, secrets: &Secrets) -> anyhow::Result<String> {
        let password = secrets.role_password(schema.name)?;
        Ok(self.service.as_role(&self.name, &schema.role(&self.name), &password))
    }

    /// The address as the owner of all tables.
    pub(crate) fn owner_url(&self) -> &str {
        self.owner.as_str()
    }

    /// Waits until the private server ends by itself; forever when the server is not ours.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        match &mut self.server {
            Some(server) => server.failure().await,
            None => std::future::pending().await,
        }
    }

    /// Starts the private server again whenever it ends by itself; says why when that does not work.
    pub(crate) async fn keep_up(&mut self) -> anyhow::Error {
        let Some(server) = &mut self.server else { return std::future::pending().await };
        loop {
            server.ended().await;
            tracing::warn!("the private PostgreSQL has ended; starting it again");
            if let Err(error) = server.restart().await {
                return error.context("the private PostgreSQL has ended and does not start again");
            }
        }
    }

    /// Stops the private server, if there is one.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

async fn connect(address: &Address) -> anyhow::Result<Pool> {
    let connected = platform::database::connect(address.as_str(), &PoolOptions::of_administrator()).await;
    connected.with_context(|| format!("{address} cannot be connected to"))
}

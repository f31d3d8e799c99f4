//! A database that `DATABASE_URL` names.

use std::time::Duration;

use platform::database::{Pool, PoolOptions};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use standalone::{Options, Ports, System};
use testkit::http::Client;
use testkit::{Database, TlsServer, eventually};

use crate::launched::Launched;
use crate::place::{Place, refusal};
use crate::tempdir::TempDir;

/// What `tidings up` says of an address.
async fn told_of(url: &str) -> String {
    let place = Place::new();
    let mut command = place.tidings(&["up"]);
    command.env("DATABASE_URL", url);
    let told = refusal(command).await;
    assert!(place.is_silent());
    told
}

/// `url` with what stands before the `@` replaced.
fn with_user(url: &str, user: &str) -> String {
    let (_, host) = url.split_once('@').unwrap();
    format!("postgres://{user}@{host}")
}

async fn names(db: &Pool, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn a_broken_address_is_told_in_one_line() {
    let database = Database::create_with(&[]).await;
    let good = database.owner_url();
    let unknown = format!("{}_missing", database.name());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        ("postgres//u:hunter2@h/d".to_owned(), vec!["DATABASE_URL is not an address", "postgres://user:password@"]),
        ("mysql://u:hunter2@h/d".to_owned(), vec!["not the address of a PostgreSQL server"]),
        (format!("postgres://u:hunter2@{free}/d"), vec!["no PostgreSQL answers at", "unset it"]),
        (with_user(&good, "nobody_at_all:hunter2"), vec!["refuses user nobody_at_all", "correct the user"]),
        (good.replace(database.name(), &unknown), vec!["has no database", &unknown, "createdb"]),
        (format!("{good}?sslmode=require"), vec!["does not agree on encryption", "correct sslmode in DATABASE_URL"]),
    ];
    for (url, parts) in cases {
        let told = told_of(&url).await;
        assert!(parts.iter().all(|part| told.contains(part)) && !told.contains("hunter2"), "{url}: {told}");
    }
}

#[tokio::test]
async fn a_user_without_the_rights_is_told_which() {
    let database = Database::create_with(&[]).await;
    let admin = database.connect_as_owner().await;
    let (weak, half) = (format!("{}_weak", database.name()), format!("{}_half", database.name()));
    for (role, right) in [(&weak, ""), (&half, "CREATEROLE")] {
        admin.execute_unprepared(&format!("CREATE ROLE {role} LOGIN {right} PASSWORD 'p'")).await.unwrap();
    }
    let told = told_of(&with_user(&database.owner_url(), &format!("{weak}:p"))).await;
    assert!(told.contains("may not make role") && told.contains("CREATEROLE"), "{told}");
    let told = told_of(&with_user(&database.owner_url(), &format!("{half}:p"))).await;
    assert!(told.contains("may not set up schema") && told.contains("GRANT CREATE ON DATABASE"), "{told}");
}

#[tokio::test]
async fn who_may_not_change_a_schema_is_told_to_be_its_owner() {
    let database = Database::create_with(&[]).await;
    let admin = database.connect_as_owner().await;
    let (name, other) = (database.name(), format!("{}_other", database.name()));
    let setup = format!(
        "CREATE ROLE {other} LOGIN CREATEROLE PASSWORD 'p'; GRANT CREATE ON DATABASE {name} TO {other}; \
         CREATE SCHEMA core; GRANT USAGE ON SCHEMA core TO {other}"
    );
    admin.execute_unprepared(&setup).await.unwrap();
    let told = told_of(&with_user(&database.owner_url(), &format!("{other}:p"))).await;
    assert!(told.contains("up to date") && told.contains("put the owner of that schema into DATABASE_URL"), "{told}");
}

/// Neon and RDS give nobody a superuser.
#[tokio::test]
async fn an_owner_who_is_no_superuser_is_enough() {
    let database = Database::create_with(&[]).await;
    let admin = database.connect_as_owner().await;
    let (name, owner) = (database.name(), format!("{}_owner", database.name()));
    let setup = format!("CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'p'; ALTER DATABASE {name} OWNER TO {owner}");
    admin.execute_unprepared(&setup).await.unwrap();
    let place = Place::new();
    let mut command = place.tidings(&["up"]);
    command.env("DATABASE_URL", with_user(&database.owner_url(), &format!("{owner}:p")));
    let system = Launched::start_as(command, place).await;
    let alice = system.client("alice");
    let roses =
        json!({"title": "Water the roses", "recurrence": {"text": "every day"}, "due_date": "2031-01-01T09:00:00Z"});
    let first = alice.post("/api/tasks", &roses).await.expect(201).json();
    let path = format!("/api/alice/tasks/{}", first["id"].as_str().unwrap());
    alice.post(&format!("{path}/complete"), &json!({})).await.expect(200);
    eventually(Duration::from_mins(1), || async {
        let tasks = alice.get("/api/alice/tasks").await.expect(200).json();
        let history = alice.get("/api/alice/audit-logs?event_type=task.completed").await.expect(200).json();
        (tasks["items"].as_array()?.len() == 2 && history["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    alice.delete(&path).await.expect(204);
    system.stop().await;
}

#[tokio::test]
async fn services_are_roles_that_own_nothing_and_another_data_directory_takes_over() {
    let database = Database::create_with(&[]).await;
    let admin = database.connect_as_owner().await;
    for title in ["First", "Second"] {
        let place = Place::new();
        let mut command = place.tidings(&["up"]);
        command.env("DATABASE_URL", database.owner_url());
        let system = Launched::start_as(command, place).await;
        assert!(system.place.postgres().is_none(), "no server of its own");
        system.client("alice").post("/api/tasks", &json!({"title": title})).await.expect(201);
        let connected = "SELECT DISTINCT usename::text FROM pg_stat_activity \
                         WHERE datname = current_database() AND usename <> current_user ORDER BY 1";
        let expected = ["audit", "core", "notification", "recurring", "sidecar"]
            .map(|schema| format!("{}_{schema}", database.name()));
        assert_eq!(names(&admin, connected).await, expected);
        system.stop().await;
    }
    assert_eq!(names(&admin, "SELECT title FROM core.tasks ORDER BY created_at").await, ["First", "Second"]);
}

#[tokio::test]
async fn a_system_in_process_takes_free_ports_and_stops() {
    let database = Database::create_with(&[]).await;
    let data = TempDir::new();
    let options = Options { ports: Ports::Free, ..Options::new(data.path()) };
    let variables = options.variables.clone().with("DATABASE_URL", database.owner_url());
    let system = System::start(Options { variables, ..options }).await.unwrap();
    let base = system.base_url("backend-api").unwrap();
    let token = system.token("alice", chrono::TimeDelta::minutes(1)).unwrap();
    let alice = Client::new(&base).with_token(token);
    alice.post("/api/tasks", &json!({"title": "In process"})).await.expect(201);
    system.stop().await.unwrap();
    let address = base.strip_prefix("http://").unwrap();
    assert!(std::net::TcpListener::bind(address).is_ok(), "the port is free again");
}

#[tokio::test]
async fn a_pooler_is_for_the_services_and_the_owner_goes_past_it() {
    let database = Database::create_with(&[]).await;
    let Some(pooled) = database.pooled(&database.owner_url()).await else { return };
    let through = |direct: &str| {
        let place = Place::new();
        let mut command = place.tidings(&["up"]);
        // Nobody of that name: services have roles of their own, and the owner is asked for elsewhere.
        command.env("DATABASE_URL", with_user(&pooled, "nobody_at_all:hunter2")).env("DATABASE_URL_DIRECT", direct);
        command.env("DATABASE_STATEMENTS", "unnamed");
        (command, place)
    };
    let told = refusal(through("").0).await;
    assert!(told.contains("DATABASE_STATEMENTS=unnamed") && told.contains("set DATABASE_URL_DIRECT"), "{told}");
    for title in ["First", "Second"] {
        let (command, place) = through(&database.owner_url());
        let system = Launched::start_as(command, place).await;
        system.client("alice").post("/api/tasks", &json!({"title": title})).await.expect(201);
        system.stop().await;
    }
    let admin = database.connect_as_owner().await;
    assert_eq!(names(&admin, "SELECT title FROM core.tasks ORDER BY created_at").await, ["First", "Second"]);
}

#[tokio::test]
async fn an_address_as_neon_gives_it_is_connected_to_with_encryption() {
    let Some(server) = TlsServer::start().await else { return };
    let data = TempDir::new();
    let options = Options { ports: Ports::Free, ..Options::new(data.path()) };
    let url = server.url("postgres") + "?sslmode=require&channel_binding=require";
    let variables = options.variables.clone().with("DATABASE_URL", &url);
    let system = System::start(Options { variables, ..options }).await.unwrap();
    let admin = platform::database::connect(&url, &PoolOptions::default()).await.unwrap();
    let plain = "SELECT usename::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                 WHERE datname = current_database() AND NOT ssl";
    let roles = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE usename LIKE 'postgres\\_%' ORDER BY 1";
    assert_eq!(
        names(&admin, roles).await,
        ["postgres_audit", "postgres_core", "postgres_notification", "postgres_recurring", "postgres_sidecar"]
    );
    assert_eq!(names(&admin, plain).await, [""; 0]);
    system.stop().await.unwrap();
}

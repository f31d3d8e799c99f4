//! Valid requests, made from the document, so that an operation that is added to it is tried without a word here.

use std::collections::BTreeMap;

use platform::database::Pool;
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::http::{Answer, Client};
use uuid::Uuid;

use crate::account;
use crate::document::{Document, Operation};
use crate::harness::{Api, Person};
use crate::trail::Trail;

/// A request that can be changed before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Valid {
    pub(crate) method: Method,
    template: String,
    /// The values of the path's parameters.
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<(String, Vec<u8>)>,
}

impl Valid {
    /// The same with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one more query parameter.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another JSON document.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        let kind = self.body.map_or_else(|| "application/json".to_owned(), |(kind, _)| kind);
        self.body = Some((kind, body.to_string().into_bytes()));
        self
    }

    /// The same with another body.
    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((kind.to_owned(), body.into()));
        self
    }

    /// The same with another value of a path's parameter.
    pub(crate) fn name(mut self, name: &str, value: &str) -> Self {
        self.names.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The body, as JSON; an empty object when there is none.
    pub(crate) fn read_body(&self) -> Value {
        self.body.as_ref().map_or_else(|| json!({}), |(_, bytes)| serde_json::from_slice(bytes).unwrap())
    }

    /// The parameter that names a thing: the last of the path, unless that is the user.
    pub(crate) fn thing(&self) -> Option<&str> {
        let last = self.template.rsplit('{').next()?.split_once('}')?.0;
        (last != "user_id").then_some(last)
    }

    pub(crate) fn path(&self) -> String {
        let mut path = self.template.clone();
        for (name, value) in &self.names {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// Sends it as `client`.
    pub(crate) async fn send(&self, client: &Client) -> Answer {
        let mut request = client.request(self.method.clone(), &self.path());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((kind, body)) = &self.body {
            request = request.body(kind, body.clone());
        }
        request.send().await
    }
}

/// A service with people, whose requests are made from the document.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) anyone: Client,
    pub(crate) alice: Person,
    pub(crate) mallory: Person,
    pub(crate) owner: Pool,
    /// What the other services know, in a world that was started with them.
    pub(crate) trail: Trail,
}

impl World {
    /// All is well in it, and everybody may ask as often as they like.
    pub(crate) async fn start() -> Self {
        let (variables, trail) = Trail::start().await;
        let limits = ["RATE_LIMIT_PER_USER", "RATE_LIMIT_PER_ADDRESS", "RATE_LIMIT_SIGN_IN"];
        let variables = limits.into_iter().fold(variables, |variables, limit| variables.with(limit, "off"));
        Self { trail, ..Self::around(Api::start_with(variables).await).await }
    }

    /// Alice and Mallory are known already.
    pub(crate) async fn around(api: Api) -> Self {
        let (alice, mallory) = (api.person("alice"), api.person("mallory"));
        for person in [&alice, &mallory] {
            person.client.get(&format!("/api/{}/profile", person.id)).await.expect(200);
        }
        let (anyone, owner) = (Client::new(&api.base), api.owner().await);
        Self { api, anyone, alice, mallory, owner, trail: Trail::default() }
    }

    /// A request of `person` that `operation` grants.
    ///
    /// # Panics
    /// When none can be made from the document; the message says what is missing.
    pub(crate) async fn valid(&self, operation: &Operation, person: &Person) -> Valid {
        let document = Document::get();
        let cannot = |what: &str| -> ! { panic!("no valid request can be made for {operation}: {what}") };
        let mut valid = Valid {
            method: operation.method.clone(),
            template: operation.path.clone(),
            names: BTreeMap::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        for parameter in operation.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            let value = if name == "user_id" { person.id.clone() } else { self.create(operation, name, person).await };
            valid = valid.name(name, &value);
        }
        for (place, list) in [("query", &mut valid.query), ("header", &mut valid.headers)] {
            for parameter in operation.parameters(place).into_iter().filter(|parameter| parameter["required"] == true) {
                let name = parameter["name"].as_str().unwrap();
                let Some(value) = document.instance(&parameter["schema"]) else {
                    cannot(&format!("give {name} an example"))
                };
                list.push((name.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
        }
        if let Some((kind, schema, true)) = operation.body() {
            let Some(body) = document.instance(schema) else { cannot("give its body an example") };
            valid = valid.body(kind, body.to_string());
        }
        self.prepare(operation, person, valid).await
    }

    /// The id of a new thing of `person`, created where the path of `operation` ends before `{name}`.
    async fn create(&self, operation: &Operation, name: &str, person: &Person) -> String {
        let parent = operation.path.split(&format!("/{{{name}}}")).next().unwrap();
        // These come by themselves.
        match parent {
            "/api/{user_id}/notifications" => return self.trail.notifications.tell(&person.id),
            "/api/{user_id}/recurrences" => {
                let profile = person.client.get(&format!("/api/{}/profile", person.id)).await.expect(200).json();
                return self.trail.recurring.begin(&profile["workspace_id"]);
            }
            "/api/unsubscribe" => return self.trail.notifications.send_link("reminder"),
            _ => {}
        }
        let Some(creation) = Document::get().creates_at(parent) else {
            panic!("no valid request can be made for {operation}: nothing creates a {{{name}}} by POST {parent}")
        };
        let created = Box::pin(self.valid(&creation, person)).await.send(&person.client).await.expect(201).json();
        created["id"].as_str().unwrap_or_else(|| panic!("{creation} answers no id")).to_owned()
    }

    /// What no document can say: what has to happen before, and what is good for one request only.
    async fn prepare(&self, operation: &Operation, person: &Person, valid: Valid) -> Valid {
        let email = format!("{}@example.com", Uuid::new_v4().simple());
        match operation.id() {
            "register" => valid.json(&account::ada_with(&json!({"email": email}))),
            "get_tokens" => {
                account::register(&self.api, &account::ada_with(&json!({"email": email}))).await.expect(201);
                valid.json(&json!({"email": email, "password": account::PASSWORD}))
            }
            "restore_task" => {
                person.client.delete(valid.path().strip_suffix("/restore").unwrap()).await.expect(204);
                valid
            }
            _ => valid,
        }
    }

    /// Whoever may send requests to `operation`.
    pub(crate) fn entitled(&self, operation: &Operation) -> &Client {
        if operation.is_public() { &self.anyone } else { &self.alice.client }
    }

    /// Every row of the service, by its table.
    pub(crate) async fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'core'";
        let mut rows = BTreeMap::new();
        for table in self.column(tables).await {
            let contents = self.column(&format!("SELECT t::text FROM core.{table} AS t ORDER BY 1")).await;
            rows.insert(table, contents);
        }
        rows
    }

    async fn column(&self, sql: &str) -> Vec<String> {
        let rows = self.owner.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

//! The router has no route that the document does not have, but for those that are named here.

use std::collections::{BTreeMap, BTreeSet};

use backend_api::{Config, Migrator, SCHEMA, app};
use platform::clock::Clock;
use platform::config::Variables;
use platform::random::Random;
use reqwest::Method;
use testkit::Database;

use crate::document::Document;
use crate::harness::{APP_TOKEN, AUTH_SECRET, Api};

/// Paths with their methods.
type Routes = BTreeMap<String, BTreeSet<String>>;

/// What the router has besides: the document itself, and what only the sidecar may ask, which is 404 for everybody else.
const UNDOCUMENTED: [(&str, &str); 15] = [
    ("/", "GET"),
    ("/openapi.json", "GET"),
    ("/docs", "GET"),
    ("/docs/", "GET"),
    ("/docs/openapi.json", "GET"),
    ("/docs/{*rest}", "GET"),
    ("/internal/ws-tickets/redeem", "POST"),
    ("/internal/memberships", "POST"),
    ("/internal/sequences", "POST"),
    ("/internal/recipients", "POST"),
    ("/internal/people", "POST"),
    ("/internal/instances", "POST"),
    ("/internal/instances/withdraw", "POST"),
    ("/internal/changes", "GET"),
    ("/job/purge-deleted-tasks", "POST"),
];

const METHODS: [&str; 9] = ["get", "head", "delete", "options", "patch", "post", "put", "trace", "connect"];

/// Every path of a router with its methods. axum tells them for debugging only: `RouteId(7): MethodRouter(… get: Route, head:
/// None, …)`, and elsewhere `RouteId(7): "/path"`.
fn routes_of(router: &axum::Router) -> Routes {
    let text = format!("{router:?}");
    let (own, _) = text.split_once("fallback_router:").unwrap();
    let (mut paths, mut methods) = (BTreeMap::new(), BTreeMap::new());
    for entry in own.split("RouteId(").skip(1) {
        let (id, entry) = entry.split_once("): ").unwrap();
        if let Some(path) = entry.strip_prefix('"') {
            paths.insert(id, path.split('"').next().unwrap().to_owned());
        } else {
            let has =
                |method: &&str| entry.contains(&format!(" {method}: ")) && !entry.contains(&format!(" {method}: None"));
            methods.insert(id, METHODS.into_iter().filter(has).map(str::to_uppercase).collect::<BTreeSet<_>>());
        }
    }
    paths.into_iter().map(|(id, path)| (path, methods.remove(id).unwrap())).collect()
}

/// Every path of the document with its methods.
fn documented() -> Routes {
    let mut routes = Routes::new();
    for operation in Document::get().operations() {
        routes.entry(operation.path.clone()).or_default().insert(operation.method.to_string());
    }
    routes
}

/// What of `these` is not in `those`.
fn without<'a>(these: &'a Routes, those: &Routes) -> BTreeMap<&'a str, &'a BTreeSet<String>> {
    let differ = |(path, methods): &(&String, &BTreeSet<String>)| those.get(*path) != Some(*methods);
    these.iter().filter(differ).map(|(path, methods)| (path.as_str(), methods)).collect()
}

#[tokio::test]
async fn every_route_is_documented_or_named_here() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let variables = Variables::default()
        .with("DATABASE_URL", database.url())
        .with("AUTH_SECRET", AUTH_SECRET)
        .with("DATABASE_STATEMENTS", testkit::statements());
    let config = Config::read(&variables).unwrap();
    let service = app::build(&config, database.connect().await, Clock::system(), Random::system()).unwrap();
    service.background_stop.cancel();
    let mut expected = documented();
    for (path, method) in UNDOCUMENTED {
        expected.entry(path.to_owned()).or_default().insert(method.to_owned());
    }
    let routes = routes_of(&service.router);
    let (extra, lost) = (without(&routes, &expected), without(&expected, &routes));
    assert!(extra.is_empty() && lost.is_empty(), "routes that are in no document: {extra:?}; no routes: {lost:?}");
}

#[tokio::test]
async fn other_methods_of_a_path_are_refused_with_those_that_it_has() {
    let api = Api::start().await;
    let client = api.person("alice").client;
    for (path, mut methods) in documented() {
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        let path = path.replace("{user_id}", "alice").replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
            if methods.contains(method.as_str()) {
                continue;
            }
            let answer = client.request(method, &path).send().await;
            answer.expect_problem(405, "method_not_allowed");
            let allowed: BTreeSet<String> = answer.header("allow").unwrap().split(',').map(str::to_owned).collect();
            assert_eq!(allowed, methods, "{path}");
        }
    }
    for path in ["/nowhere", "/api/alice/nowhere", "/internal/nowhere", "/job/nowhere"] {
        for method in METHODS.into_iter().filter(|method| !["head", "options", "connect"].contains(method)) {
            let method = method.to_uppercase().parse().unwrap();
            let request = client.request(method, path).header("dapr-api-token", APP_TOKEN);
            request.send().await.expect_problem(404, "not_found");
        }
    }
}

//! Service invocation.

use reqwest::Method;
use serde_json::json;

use crate::case::{Check, Reply, Row, Setup, Step, ask, get, post, receives, row, status, steps};

/// The app and another one, `callee`, which is the same process behind a sidecar of its own.
fn pair() -> Setup {
    Setup { others: &["callee"], subscriptions: json!([]), ..Setup::default() }
}

/// The other app is seen in its own time.
fn seen() -> Step {
    Step::Becomes(get("/v1.0/invoke/callee/method/there", 200))
}

/// Two retries of calls to the other app.
const TWICE: &str = "
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: resiliency }
spec:
  policies: { retries: { again: { policy: constant, duration: 10ms, maxRetries: 2 } } }
  targets: { apps: { callee: { retry: again } } }
";

pub(super) fn rows() -> Vec<Row> {
    let tea = Reply { body: "tea", headers: &[("x-answer", "b"), ("etag", "\"3\"")], ..status(418) };
    let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"].map(|verb| {
        let method = Method::from_bytes(verb.as_bytes()).unwrap_or_default();
        ask(method, "/v1.0/invoke/callee/method/a/b%20c?q=1&r=%2F", 418)
            .header("x-ask", "a")
            .body("body")
            .check([Check::Text("tea"), Check::Header("x-answer", "b"), Check::Header("etag", "\"3\"")])
            .step()
    });
    let called = receives(
        "/a/b%20c?q=1&r=%2F",
        5,
        [
            Check::Header("x-ask", "a"),
            Check::Text("body"),
            Check::Header("dapr-caller-app-id", "shop"),
            Check::Header("dapr-callee-app-id", "callee"),
            Check::Header("dapr-caller-namespace", "default"),
        ],
    );
    let moved = Reply { headers: &[("location", "/elsewhere")], ..status(302) };
    vec![
        row(
            37,
            "every verb, query, body, header and status pass both ways",
            steps([seen()].into_iter().chain(verbs).chain([called])).always("/a/b%20c?q=1&r=%2F", tea).on(pair()),
        ),
        row(
            37,
            "an app is named in the path or in a header, double slashes do not count",
            steps([
                get("/v1.0/invoke/shop/method//x///y", 200).step(),
                receives("/x/y", 1, []),
                get("/by-header", 200).header("dapr-app-id", "shop").step(),
                receives("/by-header", 1, []),
            ]),
        ),
        row(
            37,
            "an app that invokes itself sees no caller",
            steps([
                post("/v1.0/invoke/shop/method/own", 200).step(),
                receives("/own", 1, [Check::NoHeader("dapr-caller-app-id")]),
            ]),
        ),
        row(
            37,
            "redirects are not followed",
            steps([
                get("/v1.0/invoke/shop/method/moved", 302).check([Check::Header("location", "/elsewhere")]).step(),
                receives("/moved", 1, []),
                receives("/elsewhere", 0, []),
            ])
            .always("/moved", moved),
        ),
        tried_again(),
        row(
            38,
            "what cannot be reached is an error by code",
            steps([
                get("/v1.0/invoke/nobody/method/x", 500).code("ERR_DIRECT_INVOKE").step(),
                get("/v1.0/invoke/shop", 404).code("ERR_DIRECT_INVOKE").step(),
                get("/v1.0/nothing", 404).code("ERR_DIRECT_INVOKE").step(),
                get("/", 404).code("ERR_DIRECT_INVOKE").step(),
                Step::IsReady,
            ]),
        ),
    ]
}

fn tried_again() -> Row {
    row(
        37,
        "a policy with 2 retries is 3 calls, and the last answer passes",
        steps([
            seen(),
            get("/v1.0/invoke/callee/method/busy", 503).step(),
            receives("/busy", 3, []),
            get("/v1.0/invoke/callee/method/absent", 404).step(),
            receives("/absent", 3, []),
        ])
        .always("/busy", status(503))
        .always("/absent", status(404))
        .on(Setup { resiliency: TWICE, ..pair() }),
    )
}

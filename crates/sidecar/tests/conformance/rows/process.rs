//! Secrets, tokens, health, the end of the process; and the state API.

use serde_json::json;

use crate::case::{Check, Reply, Row, Setup, Step, get, not_here, post, publish, receives, row, status, steps};

const ORDERS: &str = "/events/orders";

pub(super) fn rows() -> Vec<Row> {
    vec![
        not_here(39, "the state API", "services keep their state in their own tables"),
        row(
            40,
            "a secret is found, missing, or of an unknown store",
            steps([
                get("/v1.0/secrets/secrets/a", 200).check([Check::Is("", json!({"a": "1"}))]).step(),
                get("/v1.0/secrets/secrets/none", 500).code("ERR_SECRET_GET").step(),
                get("/v1.0/secrets/nowhere/a", 401).code("ERR_SECRET_STORE_NOT_FOUND").step(),
            ]),
        ),
        tokens(),
        row(
            42,
            "ready only with the app, outbound ready before",
            steps([
                get("/v1.0/healthz", 500).code("ERR_HEALTH_NOT_READY").step(),
                get("/v1.0/healthz/outbound", 204).step(),
                publish("orders", "early"),
                Step::AppListens,
                Step::IsReady,
                receives(ORDERS, 1, [Check::Is("/data", "early".into())]),
                receives("/dapr/config", 1, [Check::Header("dapr-app-id", "shop")]),
                receives("/dapr/subscribe", 1, [Check::Header("dapr-app-id", "shop")]),
            ])
            .on(Setup { late: true, ..Setup::default() }),
        ),
        unwell(),
        row(
            44,
            "shutdown lets a delivery finish and counts it",
            steps([
                publish("guarded?metadata.partitionKey=k", 1),
                receives("/events/guarded", 1, []),
                post("/v1.0/shutdown", 204).step(),
                Step::SidecarEnds,
                Step::SidecarStarts,
                Step::Last { topic: "guarded", path: "/events/guarded" },
                receives("/events/guarded", 1, []),
                receives("/dead/guarded", 0, []),
            ])
            .answering("/events/guarded", [Reply { takes: 700, ..status(200) }])
            .on(Setup { stops: true, ..Setup::default() }),
        ),
    ]
}

fn unwell() -> Row {
    let hello = |gives: u16| get("/v1.0/invoke/shop/method/hello", gives);
    let case = steps([
        Step::Becomes(hello(200)),
        Step::AppIsWell(false),
        Step::Becomes(hello(500).code("ERR_DIRECT_INVOKE")),
        publish("orders", 1),
        post("/v1.0/jobs/n43", 204).json(json!({"dueTime": "0s", "data": 1, "failurePolicy": {"drop": {}}})).step(),
        Step::Passes(1_000),
        Step::NothingAt(ORDERS),
        Step::NothingAt("/job/n43"),
        Step::AppIsWell(true),
        receives(ORDERS, 1, []),
        Step::JobIsGone("n43"),
        receives("/job/n43", 1, []),
        Step::Becomes(hello(200)),
    ]);
    let title = "an app that is not well gets no events, jobs or invocations, and all of them when it is well again";
    row(43, title, case.on(Setup { health_path: Some("/well"), ..Setup::default() }))
}

fn tokens() -> Row {
    let without = ["/v1.0/publish/pubsub/orders", "/v1.0/invoke/shop/method/x", "/v1.0/jobs/n", "/v1.0/shutdown"];
    let wrong = ["", "our", "theirs"];
    let refused = without.into_iter().flat_map(|path| {
        wrong.map(|token| {
            let plain =
                [Check::Text("invalid api token\n"), Check::Header("content-type", "text/plain; charset=utf-8")];
            post(path, 401).header("dapr-api-token", token).check(plain).step()
        })
    });
    let with = |path: &str, gives: u16| post(path, gives).header("dapr-api-token", "ours");
    let theirs = || [Check::Header("dapr-api-token", "theirs")];
    let accepted = [
        Step::AppListens,
        Step::IsReady,
        receives("/dapr/config", 1, theirs()),
        receives("/dapr/subscribe", 1, theirs()),
        get("/v1.0/healthz", 204).step(),
        get("/v1.0/healthz/outbound", 204).step(),
        with("/v1.0/publish/pubsub/orders", 204).json(1).step(),
        with("/v1.0/invoke/shop/method/x", 200).step(),
        with("/v1.0/jobs/n", 204).json(json!({"dueTime": "0s", "data": 1})).step(),
        receives(ORDERS, 1, theirs()),
        receives("/x", 1, theirs()),
        receives("/job/n", 1, theirs()),
    ];
    row(
        41,
        "the sidecar's token is asked for, the app's is shown, and neither is passed on",
        steps(refused.chain(accepted)).on(Setup { tokens: true, late: true, ..Setup::default() }),
    )
}

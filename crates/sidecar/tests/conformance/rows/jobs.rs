//! Jobs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::case::{Ask, Case, Check, Row, Setup, Step, apart, ask, get, post, receives, row, status, steps};

fn job(name: &str, gives: u16, job: Value) -> Ask {
    post(format!("/v1.0/jobs/{name}"), gives).json(job)
}

/// A job that is accepted.
fn scheduled(name: &str, body: Value) -> Step {
    job(name, 204, body).step()
}

/// A job that the app refuses with `code`, and how many calls come of that.
fn failing(name: &'static str, path: &'static str, code: u16, policy: &Value, calls: usize) -> Case {
    steps([
        scheduled(name, json!({"dueTime": "0s", "data": 1, "failurePolicy": policy})),
        Step::JobIsGone(name),
        receives(path, calls, [Check::SameBody]),
    ])
    .always(path, status(code))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = calls();
    rows.extend(api());
    rows.extend(failures());
    rows.extend(durability());
    rows.extend(differences());
    rows
}

fn calls() -> Vec<Row> {
    let with_data = |data: Value| {
        steps([
            scheduled("n28", json!({"dueTime": "0s", "data": data.clone()})),
            Step::JobIsGone("n28"),
            receives(
                "/job/n28",
                1,
                [Check::Method("POST"), Check::Is("", data), Check::Header("content-type", "application/json")],
            ),
        ])
    };
    vec![
        row(28, "a job that is due is called once, with an object", with_data(json!({"a": [1, null, "x"]}))),
        row(28, "a job that is due is called once, with a string", with_data(json!("text"))),
        row(28, "a job that is due is called once, with a number", with_data(json!(7))),
        row(
            29,
            "a due time in the past is now",
            steps([
                scheduled("n29", json!({"dueTime": "2020-01-01T00:00:00Z", "data": 1})),
                Step::JobIsGone("n29"),
                receives("/job/n29", 1, []),
            ]),
        ),
        row(
            30,
            "@every 1s with 2 repeats is 2 calls",
            steps([
                scheduled("n30", json!({"schedule": "@every 1s", "repeats": 2, "data": 1})),
                Step::JobIsGone("n30"),
                receives("/job/n30", 2, []),
            ]),
        ),
        row(
            30,
            "@every 1s with a ttl of 3s is 3 calls",
            steps([
                scheduled("n30t", json!({"schedule": "@every 1s", "ttl": "3s", "data": 1})),
                Step::JobIsGone("n30t"),
                receives("/job/n30t", 3, []),
            ]),
        ),
        row(
            30,
            "cron with seconds, from a due time on",
            steps([
                scheduled("n30c", json!({"schedule": "* * * * * *", "dueTime": "0s", "repeats": 2, "data": 1})),
                Step::JobIsGone("n30c"),
                receives("/job/n30c", 2, []),
            ]),
        ),
        row(
            28,
            "a name with blanks is called by its name",
            steps([
                scheduled("my%20job", json!({"dueTime": "0s", "data": 1})),
                Step::JobIsGone("my%20job"),
                receives("/job/my%20job", 1, []),
            ]),
        ),
    ]
}

fn api() -> Vec<Row> {
    let later = || json!({"dueTime": "1h", "data": 1});
    let bad = |body: Value, gives: u16, code: &'static str| job("n32", gives, body).code(code).step();
    let whole = json!({
        "schedule": "@every 1h", "dueTime": "30m", "ttl": "P1D", "repeats": 5, "data": {"a": 1},
        "failurePolicy": {"constant": {"interval": "2s", "maxRetries": 4}},
    });
    vec![
        row(
            31,
            "a name that is taken is 409, unless it is overwritten",
            steps([
                scheduled("n31", later()),
                job("n31", 409, later()).code("DAPR_SCHEDULER_SCHEDULE_JOB").step(),
                scheduled("n31", json!({"dueTime": "0s", "data": 2, "overwrite": true})),
                Step::JobIsGone("n31"),
                receives("/job/n31", 1, [Check::Is("", 2.into())]),
            ]),
        ),
        row(
            32,
            "what cannot be scheduled is refused by code",
            steps([
                bad(json!({}), 400, "DAPR_SCHEDULER_SCHEDULE_EMPTY"),
                bad(json!({"name": "n32", "dueTime": "1h"}), 400, "DAPR_SCHEDULER_JOB_NAME"),
                bad(json!({"schedule": "every minute"}), 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
                bad(json!({"schedule": "* * * * *"}), 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
                bad(json!({"dueTime": "tomorrow"}), 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
                bad(json!({"dueTime": "1h", "repeats": 2}), 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
                bad(json!({"dueTime": "1h", "ttl": "2h"}), 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
                bad(json!({"schedule": "@daily", "repeats": -1}), 400, "ERR_MALFORMED_REQUEST"),
                job("a%2Fb", 500, later()).code("DAPR_SCHEDULER_SCHEDULE_JOB").step(),
                post("/v1.0/jobs/n32", 400).body("{").code("ERR_MALFORMED_REQUEST").step(),
            ]),
        ),
        row(
            33,
            "a job is shown as it was given, and deleted even when there is none",
            steps([
                scheduled("n33", whole),
                get("/v1.0/jobs/n33", 200)
                    .check([
                        Check::Is("/name", "n33".into()),
                        Check::Is("/schedule", "@every 1h".into()),
                        Check::Is("/dueTime", "30m".into()),
                        Check::Is("/ttl", "P1D".into()),
                        Check::Is("/repeats", 5.into()),
                        Check::Is("/data/@type", "type.googleapis.com/google.protobuf.Value".into()),
                        Check::Is("/data/value", json!({"a": 1})),
                        Check::Is("/failurePolicy", json!({"constant": {"interval": "2s", "maxRetries": 4}})),
                    ])
                    .step(),
                ask(Method::DELETE, "/v1.0/jobs/n33", 204).step(),
                get("/v1.0/jobs/n33", 500).code("DAPR_SCHEDULER_GET_JOB").step(),
                ask(Method::DELETE, "/v1.0/jobs/n33", 204).step(),
                get("/v1.0/jobs", 404).code("ERR_DIRECT_INVOKE").step(),
            ]),
        ),
        row(
            33,
            "both spellings and the older path are understood",
            steps([
                post("/v1.0-alpha1/jobs/n33a", 204)
                    .json(json!({"due_time": "0s", "failure_policy": {"drop": {}}, "data": 1, "unknown": 1}))
                    .step(),
                Step::JobIsGone("n33a"),
                receives("/job/n33a", 1, []),
            ])
            .always("/job/n33a", status(500)),
        ),
    ]
}

fn failures() -> Vec<Row> {
    let constant = |retries: u32| json!({"constant": {"interval": "0.1s", "maxRetries": retries}});
    vec![
        row(34, "500 is 4 calls by default, then the job is gone", failing("n34", "/job/n34", 500, &Value::Null, 4)),
        row(34, "500 with the policy drop is 1 call", failing("n34d", "/job/n34d", 500, &json!({"drop": {}}), 1)),
        row(34, "404 is 1 call", failing("n34n", "/job/n34n", 404, &Value::Null, 1)),
        row(34, "500 with 4 retries is 5 calls", failing("n34r", "/job/n34r", 500, &constant(4), 5)),
        row(
            34,
            "a recurring job goes on after a tick was given up",
            steps([
                scheduled(
                    "n34g",
                    json!({"schedule": "@every 1s", "repeats": 2, "data": 1, "failurePolicy": {"drop": {}}}),
                ),
                Step::JobIsGone("n34g"),
                receives("/job/n34g", 2, []),
            ])
            .always("/job/n34g", status(503)),
        ),
        row(
            34,
            "without a number of retries it is tried until it succeeds",
            steps([
                scheduled(
                    "n34f",
                    json!({"dueTime": "0s", "data": 1, "failurePolicy": {"constant": {"interval": "0.1s"}}}),
                ),
                Step::JobIsGone("n34f"),
                receives("/job/n34f", 9, []),
            ])
            .answering("/job/n34f", [500; 8].map(status)),
        ),
    ]
}

fn durability() -> Vec<Row> {
    let many = |n: usize| job(&format!("n36x{n}"), 204, json!({"dueTime": "1s", "data": n})).step();
    let mut crowd: Vec<Step> = (0..40).map(many).collect();
    crowd.extend((0..40).map(|n| receives(format!("/job/n36x{n}"), 1, [])));
    vec![
        row(
            35,
            "jobs that were due while the sidecar was down are called when it is back, each tick for itself",
            steps([
                scheduled("once", json!({"dueTime": "1s", "data": 1})),
                scheduled("often", json!({"schedule": "@every 500ms", "repeats": 4, "data": 1})),
                Step::SidecarStops,
                Step::Passes(2_500),
                Step::SidecarStarts,
                Step::JobIsGone("once"),
                Step::JobIsGone("often"),
                receives("/job/once", 1, []),
                receives("/job/often", 4, []),
            ])
            .on(Setup { stops: true, ..Setup::default() }),
        ),
        row(36, "40 jobs of the same moment are called once each", steps(crowd)),
    ]
}

fn differences() -> Vec<Row> {
    let digits = json!({"n": 12_345_678_901_234_567_u64});
    let numbers = |seen: &'static str| {
        steps([
            scheduled("n28d", json!({"dueTime": "0s", "data": digits.clone()})),
            Step::JobIsGone("n28d"),
            receives("/job/n28d", 1, [Check::Contains(seen)]),
        ])
    };
    let without_data = |calls: usize| {
        steps([
            scheduled("n28w", json!({"dueTime": "0s"})),
            Step::JobIsGone("n28w"),
            receives("/job/n28w", calls, [Check::Text("null")]),
        ])
    };
    let endless = |gives: u16| {
        let job = |name: &str, schedule: &str| job(name, gives, json!({"schedule": schedule, "data": 1})).step();
        let names = ["n32n", "n32z"];
        let end = names.map(|name| ask(Method::DELETE, format!("/v1.0/jobs/{name}"), 204).step());
        steps([job(names[0], "0 0 0 30 2 *"), job(names[1], "@every 0s")].into_iter().chain(end))
    };
    let gone = || Setup { stops: true, ..Setup::default() };
    let refused = || [Step::AppLeaves, scheduled("n34c", json!({"dueTime": "0s", "data": 1})), Step::Passes(5_000)];
    let waits = get("/v1.0/jobs/n34c", 200).step();
    vec![
        apart(
            28,
            "numbers in the data of a job keep their digits",
            numbers("12345678901234567"),
            numbers("12345678901234568"),
            "daprd makes doubles of them; digits that were given are better kept",
        ),
        apart(
            28,
            "a job without data is posted as null",
            without_data(1),
            without_data(0),
            "daprd up to 1.18.2 fails to encode it and drops the job; 1.18.3 mends that",
        ),
        apart(
            32,
            "a schedule that never comes and an interval of zero are refused",
            endless(500),
            endless(204),
            "daprd takes them, and nothing comes of it; who schedules should be told",
        ),
        apart(
            34,
            "a job whose app refuses connections waits for it",
            steps(refused().into_iter().chain([waits])).on(gone()),
            steps(refused().into_iter().chain([Step::JobIsGone("n34c")])).on(gone()),
            "daprd counts refused connections as attempts and deletes the job after four; a restart of the app must not cost a job",
        ),
    ]
}

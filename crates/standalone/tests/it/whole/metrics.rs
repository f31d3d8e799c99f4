//! The metrics that the dashboards and alerts of the chart ask for.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use testkit::http::Client;
use tokio::time::{Instant, sleep};

use super::end_to_end::{DEADLINE, Whole};

/// Words of PromQL that stand where a metric could.
const WORDS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];
/// Words that a list of labels follows.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Of whom nothing is there in a test: the broker's, Prometheus's own, and what is recorded of them.
const OF_OTHERS: [&str; 5] = ["redpanda_", "kafka_", "tidings:", "up", "ALERTS"];
/// What a sidecar has yet to have a reason for.
const WHEN_SOMETHING_IS_WRONG: [&str; 2] =
    ["dapr_runtime_acl_app_policy_action_blocked_total", "dapr_resiliency_activations_total"];

fn chart(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../charts/tidings").join(path)
}

/// Every `expr` in a document.
fn expressions(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" => found.push(text.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

/// The metrics in an expression of PromQL: what is a name, and no function, keyword, label or text.
fn metrics(expression: &str) -> BTreeSet<String> {
    let (mut metrics, mut rest) = (BTreeSet::new(), expression);
    let mut labels_follow = false;
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_:.$".contains(c);
        let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        if word.is_empty() {
            let end = match first {
                '"' => rest[1..].find('"').map(|end| end + 1),
                '{' => rest.find('}'),
                '[' => rest.find(']'),
                '(' if labels_follow => rest.find(')'),
                _ => Some(0),
            };
            labels_follow &= first.is_whitespace();
            rest = &rest[end.expect("it is closed") + first.len_utf8()..];
            continue;
        }
        rest = &rest[word.len()..];
        labels_follow = BEFORE_LABELS.contains(&word);
        let is_function = ["(", "by ", "by(", "without "].iter().any(|next| rest.trim_start().starts_with(next));
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if !is_function && !is_number && !labels_follow && !WORDS.contains(&word) {
            metrics.insert(word.to_owned());
        }
    }
    metrics
}

#[test]
fn metrics_are_found_among_the_words_of_promql() {
    let expression = r#"histogram_quantile(0.99, sum by (le, route) (rate(a_bucket{job=~"b|c"}[5m]))) > 1
        unless on (group) changes(c:d[10m]) > 0 and max without (x) (e offset 15m) - on () group_right () f"#;
    let found: Vec<String> = metrics(expression).into_iter().collect();
    assert_eq!(found, ["a_bucket", "c:d", "e", "f"]);
}

/// All that is asked for, with one place where it is.
fn asked_for() -> Vec<(String, String)> {
    let dashboards = fs::read_dir(chart("dashboards")).unwrap().map(|entry| entry.unwrap().path());
    let mut asked = Vec::new();
    for path in dashboards.chain([chart("alerts.yaml")]) {
        let (mut found, text) = (Vec::new(), fs::read_to_string(&path).unwrap());
        // JSON is YAML.
        expressions(&serde_norway::from_str(&text).unwrap(), &mut found);
        assert!(found.len() > 5, "{} asks for nothing", path.display());
        asked.extend(found.iter().flat_map(|query| metrics(query)).map(|name| (name, path.display().to_string())));
    }
    asked
}

/// The names in what `/metrics` answers.
fn names(shown: &str) -> impl Iterator<Item = String> {
    let lines = shown.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned())
}

/// Where a sidecar shows its metrics, if it is a program of its own.
fn sidecar_metrics(whole: &Whole, app: &str) -> Option<Client> {
    let pid = fs::read_to_string(whole.place.data().join(format!("run/{app}-daprd.pid"))).ok()?;
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", pid.trim())).unwrap();
    let port = arguments.split('\0').find_map(|argument| argument.strip_prefix("--metrics-port=")).unwrap().to_owned();
    Some(Client::new(format!("http://127.0.0.1:{port}")))
}

/// All that is shown, by the sidecars too where they are programs; whether they are.
async fn shown(whole: &Whole) -> (BTreeSet<String>, bool) {
    let (mut shown, mut sidecars) = (BTreeSet::new(), false);
    for service in &standalone::SERVICES {
        let own = Client::new(whole.system.base_url(service.app_id).unwrap());
        shown.extend(names(&own.get("/metrics").await.expect(200).text()));
        if let Some(sidecar) = sidecar_metrics(whole, service.app_id) {
            shown.extend(names(&sidecar.get("/").await.expect(200).text()));
            sidecars = true;
        }
    }
    (shown, sidecars)
}

/// A query for what nobody counts shows nothing, and an alert on it never fires, so nobody would notice.
pub(super) async fn all_that_dashboards_and_alerts_ask_for_is_there(whole: &Whole) {
    let person = whole.person("somebody-who-is-measured");
    person.create("Something to count").await;
    let (asked, end) = (asked_for(), Instant::now() + DEADLINE);
    loop {
        let (shown, sidecars) = shown(whole).await;
        let is_missing = |name: &str| {
            let elsewhere = OF_OTHERS.iter().any(|prefix| name.starts_with(prefix));
            let later = name.starts_with("dapr_") && (!sidecars || WHEN_SOMETHING_IS_WRONG.contains(&name));
            !elsewhere && !later && !shown.contains(name)
        };
        let missing: Vec<_> = asked.iter().filter(|(name, _)| is_missing(name)).collect();
        if missing.is_empty() {
            return;
        }
        // What is delivered for the first time is counted a moment later.
        assert!(Instant::now() < end, "nobody shows {missing:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

//! The README's walk-through does what it says: its commands are run as they are printed, in one shell.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::end_to_end::up;
use crate::launched::Launched;
use crate::place::Place;

/// The walk-through: every block that is fenced as ```` ```sh walkthrough ````.
fn walkthrough() -> String {
    let readme = include_str!("../../../../../README.md");
    let blocks = readme.split("```sh walkthrough\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script: Vec<&str> = blocks.collect();
    assert!(script.len() >= 6, "the README has a walk-through");
    // A line between the blocks, so that what each printed can be told apart.
    script.join("\necho; echo '=== next'\n")
}

#[tokio::test]
async fn the_walk_through_works_as_printed() {
    let place = Place::new();
    let system = Launched::start_as(place.tidings(&up()), place).await;
    let script = walkthrough()
        .replace("./scripts/tidings", env!("CARGO_BIN_EXE_tidings"))
        .replace("http://localhost:8000", &system.api())
        .replace("http://localhost:3500", &format!("http://localhost:{}", system.place.port(3500)));
    let shell = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .envs(system.environment())
        .current_dir(system.directory())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_mins(1), shell).await.expect("it ends").unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let parts: Vec<&str> = out.split("=== next\n").map(str::trim).collect();
    let json = |n: usize| -> Value { serde_json::from_str(parts[n]).unwrap_or_else(|e| panic!("{e} in {}", parts[n])) };

    let (created, changed, refused, done) = (json(1), json(2), json(3), json(4));
    assert_eq!(created["title"], "Water the plants");
    assert_eq!((&changed["priority"], &changed["version"]), (&"high".into(), &2.into()));
    assert_eq!((&refused["code"], &refused["current"]["version"]), (&"version_stale".into(), &2.into()));
    assert_eq!(done["completed"], true);

    let seen: Vec<Value> = parts[5].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seen[0]["type"], "subscribed");
    let types: Vec<&str> = seen[1..].iter().map(|message| message["event"]["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["task.created", "task.updated", "task.priority_changed", "task.completed"]);
    let history = json(6);
    let newest = &history["items"][0];
    assert_eq!(newest["task_id"], created["id"]);

    let (restored, found, copy) = (json(7), json(8), json(9));
    assert_eq!(
        (&restored["id"], &restored["tags"], &restored["version"]),
        (&created["id"], &created["tags"], &5.into())
    );
    assert_eq!(found["items"], Value::from(vec![restored.clone()]));
    assert_eq!((&copy["full"], &copy["tasks"][0]), (&true.into(), &restored));

    repeats([json(10), json(11), json(12), json(13), json(14)]);

    assert!(parts[15].contains("user.updated") && parts[15].contains("/data/timestamp is not"), "{}", parts[15]);
    assert_eq!(parts[16], format!("Replayed as event {}.", created["id"].as_str().unwrap()));
    assert_eq!(json(17)["items"][0]["timestamp"], "2026-01-31T09:00:00Z");
    system.stop().await;
}

/// What is printed under "A task that repeats".
fn repeats([preview, first, list, skipped, stopped]: [Value; 5]) {
    assert_eq!(preview["rrule"], "FREQ=MONTHLY;BYMONTHDAY=-1");
    let monthly = ["2027-01-31T17:00:00Z", "2027-02-28T17:00:00Z", "2027-03-31T16:00:00Z"];
    assert_eq!(preview["occurrences"], json!(monthly));
    assert_eq!((&first["recurrence"]["text"], &first["occurrence"]), (&json!("every Monday"), &json!(1)));
    let next = &list["items"][0];
    assert_eq!((&next["recurrence_id"], &next["due_date"]), (&first["id"], &json!("2027-03-29T07:00:00Z")));
    assert_eq!((&skipped["occurrence"], &skipped["due_date"]), (&json!(3), &json!("2027-04-05T07:00:00Z")));
    let series = &stopped["items"][0];
    assert_eq!((&series["id"], &series["status"]), (&first["id"], &json!("stopped")));
}

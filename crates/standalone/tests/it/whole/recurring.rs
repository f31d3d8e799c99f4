//! Tasks that repeat, from the request to the next one in the list, on the socket and in the history.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use platform::clock::Clock;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::socket::Socket;

use super::end_to_end::{DEADLINE, Person, Whole};

/// 22 March 2027 is a Monday, nine o'clock in Berlin; summer time begins before the next one.
const FIRST: &str = "2027-03-22T09:00:00+01:00";
const SECOND: &str = "2027-03-29T07:00:00Z";
const THIRD: &str = "2027-04-05T07:00:00Z";

/// "Water plants every Monday", with more of what a task may have.
fn plants() -> Value {
    json!({
        "title": "Water plants", "description": "- [x] roses\n- [ ] basil", "priority": "high", "tags": ["home"],
        "due_date": FIRST, "timezone": "Europe/Berlin", "recurrence": {"text": "every Monday"},
        "reminders": [{"before": "PT1H", "channels": ["in_app"]}],
    })
}

fn id_of(task: &Value) -> &str {
    task["id"].as_str().unwrap()
}

impl Person {
    fn api(&self, rest: &str) -> String {
        format!("/api/{}/{rest}", self.id)
    }

    async fn create_as(&self, body: &Value) -> Value {
        self.client.post(&self.api("tasks"), body).await.expect(201).json()
    }

    /// Does something to a task that needs no words, such as `complete`.
    async fn act(&self, task: &Value, what: &str) -> Value {
        self.client.post(&self.api(&format!("tasks/{}/{what}", id_of(task))), &json!({})).await.expect(200).json()
    }

    /// Every instance of the series that is in the list.
    async fn instances(&self, series: &Value) -> Vec<Value> {
        let page = self.client.get(&self.api("tasks?limit=200")).await.expect(200).json();
        let tasks = page["items"].as_array().unwrap().iter();
        tasks.filter(|task| task["recurrence_id"] == series["id"]).cloned().collect()
    }

    /// The instance of this number that is not done, once it is in the list; no other of its number is.
    #[track_caller]
    fn open_instance(&self, series: &Value, number: u32) -> impl Future<Output = Value> {
        eventually(DEADLINE, move || async move {
            let all = self.instances(series).await;
            let open = all.iter().filter(|task| task["occurrence"] == number && task["completed"] == false);
            let open: Vec<&Value> = open.collect();
            assert!(open.len() < 2, "{open:?}");
            open.first().map(|task| (*task).clone())
        })
    }

    /// The series, once `is` says so.
    #[track_caller]
    fn series(&self, series: &Value, is: fn(&Value) -> bool) -> impl Future<Output = Value> {
        let path = self.api(&format!("recurrences/{}", id_of(series)));
        eventually(DEADLINE, move || {
            let path = path.clone();
            async move {
                let answer = self.client.get(&path).await;
                // It follows its first task a moment later.
                let found = (answer.status == 200).then(|| answer.json())?;
                is(&found).then_some(found)
            }
        })
    }

    /// Waits until the task is no longer there.
    async fn until_gone(&self, task: &Value) {
        let path = self.api(&format!("tasks/{}", id_of(task)));
        eventually(DEADLINE, || async { (self.client.get(&path).await.status == 404).then_some(()) }).await;
    }

    /// The event of this type in the history of a task, once it is there.
    #[track_caller]
    fn recorded(&self, task: &Value, event_type: &str) -> impl Future<Output = Value> {
        let path = self.api(&format!("audit-logs?task_id={}&event_type={event_type}", id_of(task)));
        eventually(DEADLINE, move || {
            let path = path.clone();
            async move {
                let page = self.client.get(&path).await.expect(200).json();
                page["items"].get(0).map(|entry| entry["details"].clone())
            }
        })
    }
}

/// The next event of this type that the socket is told.
async fn next_event(socket: &mut Socket, event_type: &str) -> Value {
    loop {
        let message = socket.next_json(DEADLINE).await;
        if message["event"]["event_type"] == event_type {
            return message["event"].clone();
        }
    }
}

#[tokio::test]
async fn water_plants_every_monday() {
    let whole = Whole::start().await;
    let alice = whole.person("alice");
    let mut socket = whole.socket(&alice).await;
    let first = alice.create_as(&plants()).await;
    assert_eq!((&first["recurrence_id"], &first["occurrence"]), (&first["id"], &json!(1)));
    assert_eq!(next_event(&mut socket, "task.created").await["task_data"]["id"], first["id"]);

    alice.act(&first, "complete").await;
    let told = next_event(&mut socket, "task.created").await;
    assert_eq!(told["metadata"]["source"], "recurring");
    let next = &told["task_data"];
    assert_eq!((&next["recurrence_id"], &next["occurrence"]), (&first["id"], &json!(2)));
    assert_eq!((&next["due_date"], &next["timezone"]), (&json!(SECOND), &json!("Europe/Berlin")));
    for same in ["title", "priority", "tags", "recurrence", "reminders", "user_id", "workspace_id"] {
        assert_eq!(next[same], first[same], "{same}");
    }
    assert_eq!(next["description"], "- [ ] roses\n- [ ] basil");
    assert_eq!((&next["completed"], &next["version"]), (&json!(false), &json!(1)));
    assert_eq!(alice.open_instance(&first, 2).await["id"], next["id"]);
    assert_eq!(alice.recorded(next, "task.created").await, told);
    let reminder = alice.recorded(next, "reminder.scheduled").await;
    assert_eq!(reminder["data"]["fire_at"], "2027-03-29T06:00:00Z", "{reminder}");

    // The same completion told once more, as a broker may: the one after it shows that nothing came of it.
    let completed = alice.recorded(&first, "task.completed").await;
    let sidecar = testkit::http::Client::new(whole.system.sidecar_url("backend-api").unwrap());
    sidecar.post("/v1.0/publish/pubsub/task-events", &completed).await.expect(204);
    alice.act(next, "complete").await;
    let third = alice.open_instance(&first, 3).await;
    assert_eq!(third["due_date"], THIRD);
    assert_eq!(alice.instances(&first).await.len(), 3);
    whole.system.stop().await.unwrap();
}

#[tokio::test]
async fn whatever_becomes_of_a_series() {
    let whole = Whole::start().await;
    tokio::join!(
        taken_back(whole.person("bob")),
        skipped_stopped_and_resumed(whole.person("carol")),
        changed(whole.person("dave")),
        made_ahead(whole.person("erin")),
        asked_beforehand(whole.person("frank")),
    );
    whole.system.stop().await.unwrap();
}

/// What was done by mistake takes the next one back, unless somebody has worked on that.
async fn taken_back(bob: Person) {
    let first = bob.create_as(&plants()).await;
    bob.act(&first, "complete").await;
    let mistaken = bob.open_instance(&first, 2).await;
    bob.act(&first, "reopen").await;
    bob.until_gone(&mistaken).await;
    assert_eq!(bob.recorded(&mistaken, "task.deleted").await["metadata"]["source"], "recurring");

    bob.act(&first, "complete").await;
    let next = bob.open_instance(&first, 2).await;
    assert_ne!(next["id"], mistaken["id"]);
    assert_eq!(next["due_date"], SECOND);
    bob.client.patch(&bob.api(&format!("tasks/{}", id_of(&next))), &json!({"priority": "low"})).await.expect(200);
    bob.act(&first, "reopen").await;
    // The one after it comes when everything before was acted on.
    bob.act(&next, "complete").await;
    let third = bob.open_instance(&first, 3).await;
    let mut left: Vec<Value> = bob.instances(&first).await.iter().map(|task| task["id"].clone()).collect();
    left.sort_by_key(Value::to_string);
    assert_eq!(left, [&first, &next, &third].map(|task| task["id"].clone()), "ids are in the order of time");
}

async fn skipped_stopped_and_resumed(carol: Person) {
    let first = carol.create_as(&plants()).await;
    carol.series(&first, |series| series["status"] == "active").await;
    let skip = carol.api(&format!("recurrences/{}/skip", id_of(&first)));
    let series = carol.client.post(&skip, &json!({"occurrence": 1})).await.expect(200).json();
    assert_eq!((&series["occurrence"], &series["due_date"]), (&json!(2), &json!(SECOND)), "{series}");
    carol.client.post(&skip, &json!({"occurrence": 1})).await.expect_problem(409, "occurrence_over");
    let second = carol.open_instance(&first, 2).await;
    let path = carol.api(&format!("tasks/{}", id_of(&first)));
    eventually(DEADLINE, || async {
        carol.client.get(&path).await.expect(200).json()["archived_at"].is_string().then_some(())
    })
    .await;

    carol.client.delete(&carol.api(&format!("tasks/{}", id_of(&second)))).await.expect(204);
    let stopped = carol.series(&first, |series| series["status"] == "stopped").await;
    assert_eq!(stopped["reason"], "task_deleted", "{stopped}");
    carol.act(&second, "restore").await;
    carol.series(&first, |series| series["status"] == "active").await;
    carol.act(&second, "complete").await;
    let third = carol.open_instance(&first, 3).await;
    assert_eq!(third["due_date"], THIRD);

    let series = carol.api(&format!("recurrences/{}", id_of(&first)));
    carol.client.delete(&series).await.expect(204);
    carol.series(&first, |series| series["status"] == "stopped").await;
    let third = carol.client.get(&carol.api(&format!("tasks/{}", id_of(&third)))).await.expect(200).json();
    assert_eq!((&third["recurrence"], &third["recurrence_id"]), (&Value::Null, &first["id"]));
}

/// A change of the series is the open instance's and those to come; another zone of its user keeps the wall clock.
async fn changed(dave: Person) {
    let profile = dave.api("profile");
    dave.client.patch(&profile, &json!({"timezone": "Europe/Berlin"})).await.expect(200);
    let first = dave.create_as(&plants()).await;
    dave.series(&first, |series| series["status"] == "active").await;
    let series = dave.api(&format!("recurrences/{}", id_of(&first)));
    let title = json!({"scope": "following", "title": "Water the roses"});
    dave.client.patch(&series, &title).await.expect(200);
    let open = dave.open_instance(&first, 1).await;
    assert_eq!(open["title"], "Water the roses");
    dave.client.patch(&series, &json!({"scope": "this", "title": "Only today"})).await.expect(200);

    dave.client.patch(&profile, &json!({"timezone": "America/New_York"})).await.expect(200);
    dave.series(&first, |series| series["timezone"] == "America/New_York").await;
    dave.act(&first, "complete").await;
    let next = dave.open_instance(&first, 2).await;
    assert_eq!((&next["title"], &next["timezone"]), (&json!("Water the roses"), &json!("America/New_York")));
    assert_eq!(next["due_date"], "2027-03-29T13:00:00Z");
}

/// The next one is there when this one is due, whether or not this one is done.
async fn made_ahead(erin: Person) {
    let due = Clock::system().now() + TimeDelta::seconds(6);
    let body = json!({
        "title": "Stretch", "due_date": due.to_rfc3339_opts(SecondsFormat::Micros, true), "timezone": "UTC",
        "recurrence": {"frequency": "daily", "generate": "ahead"},
    });
    let first = erin.create_as(&body).await;
    erin.series(&first, |series| series["status"] == "active").await;
    let next = erin.open_instance(&first, 2).await;
    let moment = |name: &str| -> DateTime<Utc> { next[name].as_str().unwrap().parse().unwrap() };
    assert_eq!(moment("due_date"), due + TimeDelta::days(1));
    let late = moment("created_at") - due;
    assert!(late >= TimeDelta::zero(), "it was made {late} after the first was due");
    assert_eq!(erin.instances(&first).await.len(), 2);
}

/// What a recurrence means is told, and what is none is refused at once.
async fn asked_beforehand(frank: Person) {
    let path = frank.api("recurrence/preview");
    let asked = json!({
        "recurrence": {"text": "every weekday"}, "timezone": "Europe/Berlin", "first_due": "2027-03-26T09:00:00+01:00", "limit": 2,
        "due": "2027-03-26T09:00:00+01:00", "completed_at": "2027-03-29T12:00:00Z",
    });
    let told = frank.client.post(&path, &asked).await.expect(200).json();
    assert_eq!(told["occurrences"], json!(["2027-03-26T08:00:00Z", SECOND]), "{told}");
    assert_eq!(
        (&told["rrule"], &told["next_due"]),
        (&json!("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"), &json!("2027-03-30T07:00:00Z"))
    );
    let never = json!({"recurrence": {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}});
    frank.client.post(&path, &never).await.expect_problem(422, "validation_failed");
}

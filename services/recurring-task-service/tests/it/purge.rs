//! Instances of long ago go; what their series need stays.

use serde_json::{Value, json};

use crate::fact::{completed, created, made, reopened};
use crate::service::Service;

async fn purge(service: &Service) -> Value {
    let (status, answer) = service.post("/job/purge-occurrences", &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    answer["removed"].clone()
}

#[tokio::test]
async fn after_a_month_the_last_two_are_left_and_the_series_goes_on() {
    let service = Service::start().await;
    let mut latest = created(1, json!({}));
    service.learn(&latest).await;
    for number in 1..=3_u64 {
        let done = completed(u128::from(number) * 10, &latest, "2026-01-31T09:00:00Z");
        service.learn(&done).await;
        let in_all = usize::try_from(number).unwrap() + usize::from(number > 1);
        let mut task = service.makes(in_all).await.pop().unwrap();
        if number == 1 {
            // It is withdrawn, and comes back as another.
            service.rests().await;
            let undone = reopened(11, &done);
            service.learn(&undone).await;
            service.rests().await;
            service.learn(&completed(12, &undone, "2026-01-31T09:00:00Z")).await;
            task = service.makes(2).await.pop().unwrap();
        }
        latest = made(u128::from(number) * 10 + 5, &task);
    }
    service.rests().await;
    assert_eq!(purge(&service).await, 0);
    service.is("2026-03-03T09:00:00Z");
    // The first, the second, and the one that was withdrawn.
    assert_eq!(purge(&service).await, 3);
    assert_eq!(purge(&service).await, 0);
    assert_eq!(service.series().await["occurrence"], 4);
    service.learn(&completed(90, &latest, "2026-03-03T09:00:00Z")).await;
    assert_eq!(service.makes(5).await[4]["occurrence"], 5);
}

//! A broker that runs already: `cargo test whole::broker -- --ignored`.

use std::num::NonZeroU8;

use platform::config::Variables;
use standalone::Sidecars;
use standalone::distributed::{Broker, Tools, free_port};
use tokio_util::sync::CancellationToken;

use super::end_to_end::Whole;
use crate::place::Place;

#[tokio::test]
#[ignore = "needs real sidecars"]
async fn a_broker_that_runs_already_takes_the_place_of_one_of_its_own() {
    let (place, tools) = (Place::new(), Tools::find(&Variables::from_process()).unwrap());
    let folder = place.directory().to_owned();
    let (port, controller_port) = (free_port().unwrap(), free_port().unwrap());
    let broker = Broker { tools: &tools, data: folder.join("broker"), folder, port, controller_port };
    broker.prepare().await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(broker.program().run(stop.clone()));

    let settings = [("KAFKA_BOOTSTRAP_SERVERS", broker.address())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let whole = Whole::start_with(Sidecars::Daprd, NonZeroU8::MIN, &settings).await;
    let alice = whole.person("alice");
    let task = alice.create("Elsewhere").await;
    assert_eq!(alice.history(&task, 1).await, ["task.created"]);
    let run = whole.place.data().join("run");
    assert!(run.join("scheduler.pid").exists() && !run.join("broker.pid").exists(), "no broker of its own");
    whole.system.stop().await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();
}

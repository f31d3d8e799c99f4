//! A broker that runs already: `cargo test whole::broker -- --ignored`.

use std::net::TcpListener;
use std::num::NonZeroU8;
use std::thread;

use platform::config::Variables;
use standalone::Sidecars;
use standalone::distributed::{Broker, Tools, free_port};
use tokio_util::sync::CancellationToken;

use super::end_to_end::Whole;
use crate::place::{Place, refusal};

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
    // Without any topic: it is there when this is answered.
    broker.create_topics(&[], 1).await.unwrap();

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

#[tokio::test]
#[ignore = "needs real sidecars"]
async fn a_broker_that_refuses_is_told_and_nothing_is_left() {
    let nobody = format!("127.0.0.1:{}", free_port().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_broker = listener.local_addr().unwrap().to_string();
    // Whoever calls is hung up on.
    thread::spawn(move || listener.incoming().for_each(drop));
    let told = [nobody, no_broker].map(|address| async move {
        let place = Place::new();
        let mut command = place.tidings(&["up", "--distributed"]);
        command.env("KAFKA_BOOTSTRAP_SERVERS", &address);
        let line = refusal(command).await;
        assert!(line.contains("the topics cannot be created at the broker") && line.contains(&address), "{line}");
        assert!(place.postgres().is_none() && place.is_silent());
    });
    futures::future::join_all(told).await;
}

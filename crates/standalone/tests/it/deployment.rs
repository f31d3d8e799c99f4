//! `dapr.yaml` and `compose.yaml` say the same as the launcher.

use events::Topic;
use serde_json::{Value, json};
use standalone::SERVICES;

fn read(file: &str) -> Value {
    let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
    serde_norway::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn dapr_run_starts_every_service_on_its_ports() {
    let file = read("dapr.yaml");
    let apps = file["apps"].as_array().unwrap();
    assert_eq!(apps.len(), SERVICES.len());
    for (app, service) in apps.iter().zip(&SERVICES) {
        assert_eq!(app["appID"], service.app_id);
        let ports = [&app["appPort"], &app["daprHTTPPort"], &app["daprGRPCPort"]];
        assert_eq!(ports, [service.port, service.dapr_http_port, service.dapr_grpc_port], "{}", service.app_id);
        assert_eq!(app["command"][1], service.app_id);
    }
}

fn runs_its_image(part: &Value, app_id: &str) {
    assert_eq!(part["image"], format!("tidings/{app_id}"));
    assert_eq!(part["build"], json!({"context": ".", "args": {"SERVICE": app_id}}), "{app_id}");
}

#[test]
fn compose_starts_every_service_beside_a_sidecar_on_its_ports() {
    let file = read("compose.yaml");
    for service in &SERVICES {
        let app_id = service.app_id;
        runs_its_image(&file["services"][app_id], app_id);
        assert_eq!(file["services"][app_id]["command"], Value::Null, "the image starts it");
        let sidecar = &file["services"][format!("{app_id}-daprd")]["command"];
        let flags: Vec<&str> = sidecar.as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
        let ports = [
            ("app-port", service.port),
            ("dapr-http-port", service.dapr_http_port),
            ("dapr-grpc-port", service.dapr_grpc_port),
        ];
        for (flag, port) in ports {
            assert!(flags.contains(&format!("--{flag}={port}").as_str()), "{app_id}: {flags:?}");
        }
        assert!(flags.contains(&format!("--app-id={app_id}").as_str()), "{flags:?}");
    }
}

#[test]
fn compose_brings_every_schema_up_to_date_and_has_a_role_for_it() {
    let file = read("compose.yaml");
    let roles = file["configs"]["roles"]["content"].as_str().unwrap();
    for service in &SERVICES {
        let Some(storage) = service.storage else { continue };
        let (app_id, schema) = (service.app_id, storage.schema.name);
        let migration = format!("migrate-{schema}");
        runs_its_image(&file["services"][&migration], app_id);
        assert_eq!(file["services"][&migration]["command"], json!(["migrate"]));
        assert_eq!(file["x-service"]["depends_on"][&migration]["condition"], "service_completed_successfully");
        assert!(roles.contains(&format!("CREATE ROLE tidings_{schema} ")), "{roles}");
        let url = file["services"][app_id]["environment"]["DATABASE_URL"].as_str().unwrap();
        assert!(url.contains(&format!("//tidings_{schema}:")), "{url}");
    }
}

#[test]
fn every_service_has_an_image_and_is_told_what_calls_between_services_may_take() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Dockerfile");
    let image = std::fs::read_to_string(path).unwrap();
    let (resiliency, configuration) = (read("components/resiliency.yaml"), read("components/configuration.yaml"));
    let callers: Vec<&Value> = configuration["spec"]["accessControl"]["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| &policy["appId"])
        .collect();
    for service in &SERVICES {
        let app_id = service.app_id;
        assert!(image.contains(&format!("--package {app_id} ")), "{app_id} is not compiled ahead");
        assert_eq!(resiliency["spec"]["targets"]["apps"][app_id]["timeout"], "call", "{app_id}");
        assert!(callers.contains(&&json!(app_id)), "{app_id} has no policy");
    }
}

/// The settings of a component, but for those that are its own.
fn shared_settings(file: &str) -> Vec<(String, Value)> {
    const OWN: [&str; 3] = ["consumerGroup", "initialOffset", "allowedTopics"];
    let component = read(&format!("components/{file}"));
    let settings = component["spec"]["metadata"].as_array().unwrap().iter();
    let settings = settings.map(|setting| (setting["name"].as_str().unwrap().to_owned(), setting["value"].clone()));
    settings.filter(|(name, _)| !OWN.contains(&name.as_str())).collect()
}

#[test]
fn every_component_of_the_broker_has_the_same_settings() {
    let settings = shared_settings("pubsub.yaml");
    assert!(settings.iter().any(|(name, _)| name == "excludeHeaderMetaRegex"), "{settings:?}");
    for file in ["pubsub-per-replica.yaml", "tasks.yaml"] {
        assert_eq!(shared_settings(file), settings, "{file}");
    }
}

#[test]
fn compose_makes_every_topic() {
    let script = read("compose.yaml")["services"]["topics"]["command"][0].as_str().unwrap().to_owned();
    let listed = script.lines().next().unwrap().trim_start_matches("for topic in ").trim_end_matches("; do");
    let listed: Vec<&str> = listed.split(' ').collect();
    for topic in Topic::ALL {
        assert!(listed.contains(&topic.as_str()), "{topic}: {listed:?}");
    }
}

//! What each service is configured from: the environment of the process, and what the launcher decides.

use platform::config::{Reader, Secret, Variables};
use platform::dapr::secrets::names_a_secret;
use serde_json::{Value, json};

use crate::ports::ServicePorts;
use crate::secrets::{APP_API_TOKEN, AUTH_SECRET, NOTIFICATION_SECRET, Secrets};

/// How long requests under way may take at the stop, in seconds; with what follows, a system stops within 10 s.
const DRAIN_SECONDS: u32 = 2;

/// What the services of one system have in common.
#[derive(Debug)]
pub(crate) struct Environment {
    /// For every service.
    common: Variables,
    /// For a service that does not know the built-in issuer by itself.
    pub(crate) trusted_issuers: String,
    pub(crate) app_api_token: Secret,
    /// What a caller of the sidecars' APIs must show; nothing unless `DAPR_API_TOKEN` is set, as with `dapr run`, so that
    /// curl and the dapr CLI work as they are. The sidecars listen on loopback only.
    pub(crate) dapr_api_token: Option<Secret>,
}

/// What the launcher itself needs to know, before there is a sidecar.
const NO_SECRETS: [&str; 7] = [
    "DATABASE_URL",
    "DATABASE_URL_DIRECT",
    "AUTH_SECRET",
    "AUTH_ISSUER",
    "TRUSTED_ISSUERS",
    "APP_API_TOKEN",
    "DAPR_API_TOKEN",
];

/// Refuses `secret:<store>/<key>` where the launcher itself has to know the value.
///
/// # Errors
/// Names the first such setting.
pub(crate) fn refuse_secrets(variables: &Variables) -> anyhow::Result<()> {
    let reader = Reader::new(variables);
    for name in NO_SECRETS {
        anyhow::ensure!(
            !reader.optional(name).is_some_and(names_a_secret),
            "{name} cannot be a secret of a store here: the launcher uses it before there is a sidecar. Set it to its value; \
             a service that is started by itself may read it from a store"
        );
    }
    Ok(())
}

/// The name of the built-in issuer of a system whose backend listens on `port`.
pub(crate) fn issuer(variables: &Variables, port: u16) -> String {
    let set = Reader::new(variables).optional("AUTH_ISSUER").map(str::to_owned);
    set.unwrap_or_else(|| format!("http://localhost:{port}"))
}

/// The secret that the built-in issuer's keys are derived from.
pub(crate) fn auth_secret(variables: &Variables, secrets: &Secrets) -> anyhow::Result<Secret> {
    set_or_made(variables, "AUTH_SECRET", secrets, AUTH_SECRET)
}

/// What a caller of the services' inner paths must show.
///
/// # Errors
/// When the secrets cannot be read or made.
pub fn app_api_token(variables: &Variables, secrets: &Secrets) -> anyhow::Result<Secret> {
    set_or_made(variables, "APP_API_TOKEN", secrets, APP_API_TOKEN)
}

fn set_or_made(variables: &Variables, variable: &str, secrets: &Secrets, name: &str) -> anyhow::Result<Secret> {
    Reader::new(variables).optional(variable).map_or_else(|| secrets.get(name), |value| Ok(Secret::new(value)))
}

impl Environment {
    pub(crate) fn new(variables: &Variables, secrets: &Secrets, backend_port: u16) -> anyhow::Result<Self> {
        let app_api_token = app_api_token(variables, secrets)?;
        let dapr_api_token = Reader::new(variables).optional("DAPR_API_TOKEN").map(Secret::new);
        let issuer = issuer(variables, backend_port);
        let notification_secret = set_or_made(variables, "NOTIFICATION_SECRET", secrets, NOTIFICATION_SECRET)?;
        let api_url = Reader::new(variables).optional("API_URL").map(str::to_owned);
        // On one machine nobody has to look elsewhere first, unless somebody says that there is such a one.
        let lame_duck = Reader::new(variables).optional("LAME_DUCK_SECONDS").unwrap_or("0").to_owned();
        let common = variables
            .clone()
            .with("BIND_ADDRESS", "127.0.0.1")
            .with("LAME_DUCK_SECONDS", lame_duck)
            .with("DRAIN_SECONDS", DRAIN_SECONDS.to_string())
            .with("APP_API_TOKEN", app_api_token.expose())
            .with("AUTH_SECRET", auth_secret(variables, secrets)?.expose())
            .with("AUTH_ISSUER", &issuer)
            .with("NOTIFICATION_SECRET", notification_secret.expose())
            .with("API_URL", api_url.unwrap_or_else(|| format!("http://localhost:{backend_port}")));
        let others = Reader::new(variables).optional("TRUSTED_ISSUERS");
        let trusted_issuers = with_built_in(others, &issuer, backend_port);
        Ok(Self { common, trusted_issuers, app_api_token, dapr_api_token })
    }

    /// The variables of one service; without a database, the service stores nothing.
    pub(crate) fn of(&self, ports: ServicePorts, database: Option<String>) -> Variables {
        let variables = self
            .common
            .clone()
            .with("PORT", ports.app.to_string())
            .with("DAPR_HTTP_PORT", ports.dapr_http.to_string())
            .with("DAPR_GRPC_PORT", ports.dapr_grpc.to_string())
            // The owner's address is for migrations alone.
            .with("DATABASE_URL_DIRECT", "");
        variables.with("DATABASE_URL", database.unwrap_or_default())
    }
}

/// `TRUSTED_ISSUERS` with the built-in issuer before the `others`. What cannot be read is left to the service, which
/// tells what is wrong with it.
fn with_built_in(others: Option<&str>, issuer: &str, backend_port: u16) -> String {
    let jwks = format!("http://127.0.0.1:{backend_port}/api/auth/jwks");
    let built_in = json!({"issuer": issuer, "jwks_url": jwks, "audience": issuer});
    match others.map(serde_json::from_str::<Vec<Value>>) {
        None => json!([built_in]).to_string(),
        Some(Err(_)) => others.unwrap_or_default().to_owned(),
        Some(Ok(others)) if others.iter().any(|other| other["issuer"] == issuer) => json!(others).to_string(),
        Some(Ok(others)) => [vec![built_in], others].concat().into_iter().collect::<Value>().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_directory::DataDirectory;

    #[test]
    fn what_is_set_is_passed_on_and_what_is_made_is_kept() {
        let path = std::env::temp_dir().join(format!("tidings-environment-{}", std::process::id()));
        let secrets = Secrets::of(&DataDirectory::open(&path).unwrap());
        let ports = ServicePorts { app: 1, dapr_http: 2, dapr_grpc: 3 };
        let names = ["NOTIFICATION_SECRET", "API_URL", "SMTP_URL", "LAME_DUCK_SECONDS"];
        let read = |set: Variables| {
            let variables = Environment::new(&set, &secrets, 8100).unwrap().of(ports, None);
            let reader = Reader::new(&variables);
            names.map(|name| reader.optional(name).unwrap_or_default().to_owned())
        };
        let [made, api, smtp, lame_duck] = read(Variables::default());
        assert!(made.len() >= 32, "{made}");
        assert_eq!([api.as_str(), smtp.as_str(), lame_duck.as_str()], ["http://localhost:8100", "", "0"]);
        assert_eq!(read(Variables::default())[0], made, "links in e-mails outlive a restart");
        let own = ["secret:secrets/NOTIFICATION", "https://tidings.example.com", "smtp://localhost:25", "1"];
        let set = names.iter().zip(own).fold(Variables::default(), |all, (name, value)| all.with(name, value));
        assert_eq!(read(set), own);
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn the_built_in_issuer_is_trusted_beside_the_others() {
        let issuers =
            |others| -> Value { serde_json::from_str(&with_built_in(others, "http://localhost:8000", 8000)).unwrap() };
        let built_in = json!({
            "issuer": "http://localhost:8000", "audience": "http://localhost:8000",
            "jwks_url": "http://127.0.0.1:8000/api/auth/jwks",
        });
        assert_eq!(issuers(None), json!([built_in]));
        assert_eq!(issuers(Some(r#"[{"issuer": "b"}]"#)), json!([built_in, {"issuer": "b"}]));
        let own = r#"[{"issuer": "http://localhost:8000", "jwks_url": "x"}]"#;
        assert_eq!(issuers(Some(own))[0]["jwks_url"], "x", "an issuer is not listed twice");
        assert_eq!(with_built_in(Some("nonsense"), "i", 1), "nonsense");
    }
}

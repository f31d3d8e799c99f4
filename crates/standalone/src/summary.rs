//! What a newcomer sees when the system is ready.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use standalone::{DataDirectory, System};

use crate::cli;
use crate::demo_user::DemoUser;

/// Who creates the first task when there is no demo user.
const ANYBODY: &str = "alice";

/// Prints where everything is, and two lines that create a task.
pub(crate) fn print(
    system: &System,
    arguments: &cli::Up,
    demo: Option<&DemoUser>,
    ready_after: Duration,
) -> anyhow::Result<()> {
    let data = DataDirectory::open(&arguments.place.data()?)?;
    let mut text = format!("\nTidings is ready after {:.1} s.\n\n", ready_after.as_secs_f64());
    for (service, _, port) in system.services().filter(|(_, replica, _)| *replica == 1) {
        for (title, scheme, path) in service.entrances {
            line(&mut text, title, &format!("{scheme}://localhost:{port}{path}"))?;
        }
    }
    for (service, replica, port) in system.services() {
        line(&mut text, &service.replica_name(replica), &format!("http://localhost:{port}/health"))?;
    }
    line(&mut text, "Data", &data.path().display().to_string())?;
    if let Some(DemoUser { email, password, .. }) = demo {
        line(&mut text, "Demo user", &format!("{email}, password {password}"))?;
    }
    let user = demo.map_or(ANYBODY, |demo| demo.id.as_str());
    text.push_str("\nCreate a task (paste both lines; the token is valid for 15 minutes):\n\n");
    text.push_str(&first_task(&system.public_url(backend_api::APP_ID)?, data.path(), arguments, user)?);
    text.push_str(if arguments.distributed { "\n./scripts/dapr-down stops it.\n" } else { "\nCtrl-C stops it.\n" });
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn line(text: &mut String, title: &str, value: &str) -> std::fmt::Result {
    writeln!(text, "  {title:<20} {value}")
}

/// Two shell commands: a fresh token, and a request with it.
fn first_task(base: &str, data: &Path, arguments: &cli::Up, user: &str) -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    let mut token = format!("{} token --user {}", quoted(&program.to_string_lossy()), quoted(user));
    write!(token, " --data-dir {}", quoted(&data.to_string_lossy()))?;
    if arguments.place.port_offset != 0 {
        write!(token, " --port-offset {}", arguments.place.port_offset)?;
    }
    Ok(format!(
        "  TOKEN=$({token})\n  curl -s {base}/api/tasks -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: \
         application/json' -d '{{\"title\":\"My first task\"}}'\n"
    ))
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+@:".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("/home/me/.tidings"), "/home/me/.tidings");
        assert_eq!(quoted("/my data/it's"), r"'/my data/it'\''s'");
    }
}

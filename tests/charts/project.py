"""What the code says: services, ports, settings, topics, calls."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from subject import ROOT

# What a service's program reads beside its own and the platform's settings: Rust's and OpenTelemetry's own variables.
OF_LIBRARIES = re.compile(r"RUST_LOG|RUST_BACKTRACE|OTEL_[A-Z_]+|TOKIO_WORKER_THREADS")
# What is only there for other variables to refer to.
FOR_OTHERS = {"POD_NAME", "POD_IP", "POD_NAMESPACE", "NODE_NAME"}


@dataclass(frozen=True)
class Service:
    """A service as its code has it."""

    folder: Path
    app_id: str
    port: int
    settings: frozenset[str]
    required: frozenset[str]
    calls: frozenset[str]
    routes: frozenset[str]

    @property
    def stores(self) -> bool:
        """Whether it has a database, and so migrations."""
        return "DATABASE_URL" in self.required


def source(folder: Path) -> str:
    """All of a crate's code, without its tests."""
    files = [file for file in sorted((folder / "src").rglob("*.rs")) if "tests" not in file.parts and file.name != "tests.rs"]
    return "\n".join(file.read_text().split("#[cfg(test)]")[0] for file in files)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"the code has no {pattern}: this check reads it, and wants to be told what it is now"
    return match.group(1)


def names(text: str) -> frozenset[str]:
    """Everything in capitals between quotes: names of settings, and some other words."""
    return frozenset(re.findall(r'"([A-Z][A-Z0-9_]{2,})"', text))


@cache
def topics() -> dict[str, set[str]]:
    """Each topic of the contract with the services that send to it (`+`) and receive from it (`-`), as `specs/` has them."""
    contract = yaml.safe_load((ROOT / "specs/asyncapi.yaml").read_text())
    known = {name: set() for name in contract["channels"]}
    for operation in contract["operations"].values():
        service = operation["summary"].split(" ")[0]
        topic = operation["channel"]["$ref"].removeprefix("#/channels/")
        known[topic].add(("+" if operation["action"] == "send" else "-") + service)
    return known


def all_topics() -> set[str]:
    """Every topic, with its dead letters and that of other systems' notices."""
    live = {*topics(), "task-created"}
    return live | {f"{topic}.dead" for topic in live}


def service(folder: Path, platform: str) -> Service:
    text, config = source(folder), (folder / "src/config.rs").read_text()
    port = found(r"ServiceConfig::read\(&mut reader, ([\d_]+|PORT),", config)
    if port == "PORT":
        port = found(r"const PORT: u16 = ([\d_]+);", config)
    required = set(re.findall(r'reader\s*\.required\(\s*"([A-Z_]+)"', config))
    if "DatabaseConfig::read" in config:
        required.add("DATABASE_URL")
    topic_names = {f"{topic.replace('-', '_').upper()}_TOPIC" for topic in topics()}
    return Service(
        folder,
        found(r'const APP_ID: &str = "([a-z-]+)"', (folder / "src/lib.rs").read_text()),
        int(port.replace("_", "")),
        names(text) | names(platform) | topic_names,
        frozenset(required),
        frozenset(f"/{call}" for call in re.findall(r'"(internal/[^"]*)"', text)),
        frozenset(re.findall(r'route\("(/[^"]*)"', text)),
    )


@cache
def services() -> dict[str, Service]:
    platform = source(ROOT / "crates/platform")
    known = [service(folder, platform) for folder in sorted((ROOT / "services").iterdir()) if (folder / "src/config.rs").exists()]
    return {each.app_id: each for each in known}


@cache
def health_paths() -> set[str]:
    """What every service answers beside its own."""
    return set(re.findall(r'\.route\("(/[a-z]+)"', (ROOT / "crates/platform/src/health.rs").read_text()))


@cache
def version() -> str:
    return found(r'\[workspace\.package\]\nversion = "([^"]+)"', (ROOT / "Cargo.toml").read_text())


def components() -> dict[tuple[str, str], dict]:
    """Every object of components/ by kind and name."""
    files = sorted((ROOT / "components").rglob("*.yaml"))
    objects = [each for file in files for each in yaml.safe_load_all(file.read_text()) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}

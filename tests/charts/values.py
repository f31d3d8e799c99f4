"""What people write into values, and what they read about it."""

import difflib
import json
import shutil
from collections.abc import Iterator

import yaml

import project
from checks import Mistake, check, in_file
from subject import Subject, run

# How a README is written again.
WRITE = '"$(scripts/chart-tools)/helm-docs" --chart-search-root charts'
SCHEMA = "charts/tidings/values.schema.json"
# What is told on the command line, and the word that the refusal has to say.
TYPOS = {
    "global.existngSecret=tidings": "existngSecret",
    "global.kafka.broker=redpanda:9092": "broker",
    "global.kafka.authType=sasl": "authType",
    "global.image.tags=1.0": "tags",
    "global.image.pullPolicy=Allways": "pullPolicy",
    "global.urls.api=tidings.example.com": "api",
    "global.trustedProxies=10.0.0.0/8": "trustedProxies",
    "backendapi.replicas=2": "backendapi",
    "backend-api.replica=2": "replica",
    "backend-api.replicas=two": "replicas",
    "audit-service.resource.limits.memory=1Gi": "resource",
    "notification-service.settings.EMAIL_FORM=a@example.com": "EMAIL_FORM",
    "notification-service.secrets.SMTP_PASWORD.key=password": "SMTP_PASWORD",
    "websocket-service.port=80000": "port",
    "recurring-task-service.autoscaling.maxReplica=4": "maxReplica",
    "ingress.enable=true": "enable",
    "ingress.enabled=yes": "enabled",
    "monitoring.serviceMonitor.intervall=30s": "intervall",
}


def leave_open(subject: Subject) -> None:
    """A schema that takes any value at its top."""
    file = subject.folder / SCHEMA
    file.write_text(json.dumps(json.loads(file.read_text()) | {"additionalProperties": True}))


@check(
    f"each of {len(TYPOS)} typos in values is refused, and named",
    Mistake("a schema that takes everything", leave_open),
    Mistake("no schema", lambda subject: (subject.folder / SCHEMA).write_text("{}")),
)
def typos(subject: Subject) -> Iterator[str]:
    right = subject.template("--values", subject.values["minimal"])
    if right.returncode:
        yield f"without a typo it is refused too: {right.stderr}"
    for typo, word in TYPOS.items():
        done = subject.template("--values", subject.values["minimal"], "--set", typo)
        if done.returncode == 0:
            yield f"--set {typo} is taken"
        elif word not in done.stderr or "don't meet the specifications" not in done.stderr:
            yield f"--set {typo} is refused without naming {word}: {done.stderr}"


@check(
    "each values.schema.json is what charts/schemas writes",
    Mistake("another schema", leave_open),
)
def schemas(subject: Subject) -> Iterator[str]:
    done = run(subject.charts / "schemas", "--check")
    if done.returncode:
        yield f"run charts/schemas: {done.stdout}{done.stderr}"


# What must be said, and with what it is left out.
MISSING = {
    "global.kafka.brokers=": "global.kafka.brokers",
    "global.existingSecret=": "global.existingSecret",
    "ingress.enabled=true": "global.urls.api",
}


@check(
    "what is missing is told before anything is installed, and how to say it",
    in_file("a broker that is not asked for", "charts/tidings/templates/dapr/_objects.tpl", "if not $kafka.brokers", "if false"),
)
def missing(subject: Subject) -> Iterator[str]:
    for without, word in MISSING.items():
        done = subject.template("--values", subject.values["minimal"], "--set", without)
        if done.returncode == 0:
            yield f"--set {without} is taken"
        elif word not in done.stderr:
            yield f"--set {without} is refused without naming {word}: {done.stderr}"
    old = subject.template("--values", subject.values["minimal"], "--kube-version", "1.27.0")
    if old.returncode == 0 or "kubeVersion" not in old.stderr:
        yield f"Kubernetes 1.27 is taken, or refused without a word: {old.stderr}"


@check(
    "each README is what helm-docs makes of the chart",
    in_file("another README", "charts/backend-api/README.md", "|", "||"),
    in_file("another value", "charts/tidings/values.yaml", "existingSecret:", "existingSecrets:"),
)
def readmes(subject: Subject) -> Iterator[str]:
    fresh = subject.folder / "fresh"
    shutil.copytree(subject.charts, fresh, dirs_exist_ok=True, symlinks=True)
    done = run("helm-docs", "--chart-search-root", fresh, "--log-level", "warning", cwd=subject.folder)
    if done.returncode:
        yield f"helm-docs: {done.stderr}"
    charts = sorted(file.parent.name for file in subject.charts.glob("*/Chart.yaml"))
    for chart in charts:
        committed, made = subject.charts / chart / "README.md", fresh / chart / "README.md"
        if not committed.exists():
            yield f"charts/{chart} has no README.md: run {WRITE}"
            continue
        lines = difflib.unified_diff(committed.read_text().splitlines(), made.read_text().splitlines(), lineterm="", n=0)
        changed = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
        if changed:
            yield f"charts/{chart}/README.md differs, run {WRITE}: {changed[0][:120]}"
    shutil.rmtree(fresh)


@check(
    "values name only settings that the service reads, and never a secret among the plain ones",
    in_file("a setting that nobody reads", "charts/backend-api/values.yaml", "  DATABASE_POOL:", "  DATABASE_POOLS:"),
    in_file("a secret in plain sight", "charts/notification-service/values.yaml", "  EMAIL_FROM:", '  SMTP_PASSWORD: ""\n  EMAIL_FROM:'),
)
def names(subject: Subject) -> Iterator[str]:
    for app_id, service in project.services().items():
        values = yaml.safe_load((subject.charts / app_id / "values.yaml").read_text())
        settings, secrets = values.get("settings") or {}, values.get("secrets") or {}
        for name in sorted({*settings, *secrets} - service.settings):
            if not project.OF_LIBRARIES.fullmatch(name):
                yield f"charts/{app_id}/values.yaml: {name} is read by nobody"
        for name in settings:
            if name.endswith(("_SECRET", "_PASSWORD", "_TOKEN", "_KEY")) or name == "DATABASE_URL":
                yield f"charts/{app_id}/values.yaml: {name} is secret, and among the plain settings"


@check(
    "every chart is of the version of the workspace, and every image that of its service",
    in_file("a chart of another version", "charts/audit-service/Chart.yaml", "appVersion: ", "appVersion: 9."),
    in_file("an image of another service", "charts/audit-service/values.yaml", "repository: tidings/audit-service", "repository: tidings/audit"),
)
def versions(subject: Subject) -> Iterator[str]:
    for file in sorted(subject.charts.glob("*/Chart.yaml")):
        chart = yaml.safe_load(file.read_text())
        told = {chart["version"], str(chart["appVersion"]), *(each["version"] for each in chart.get("dependencies", []))}
        if told != {project.version()}:
            yield f"charts/{file.parent.name} is of {', '.join(sorted(told))}, the workspace of {project.version()}"
    for place, each in subject.objects("Deployment", "Job"):
        image = each["spec"]["template"]["spec"]["containers"][0]["image"]
        app_id = each["metadata"]["name"].removesuffix("-migrate")
        if not f"/{image}".endswith(f"/tidings/{app_id}:{project.version()}"):
            yield f"{place}: {image} is not tidings/{app_id}:{project.version()}"

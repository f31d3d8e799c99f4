"""Alerts are raised when they should be. Whether what they and the dashboards ask for is measured, a test beside a running system says."""

import json
import re
from collections.abc import Iterator

import yaml

from checks import check, in_file, no_object, put
from subject import NAMESPACE, ROOT, Subject, run

ALERTS = "charts/tidings/alerts.yaml"
COLLECTOR, PRODUCTION = "k8s/otel-collector.yaml", "charts/tidings/values-production.yaml"
TESTS = ROOT / "tests/charts/alerts.test.yaml"


def groups(subject: Subject) -> list[dict]:
    return yaml.safe_load((subject.folder / ALERTS).read_text())["groups"]


def raised(tests: list[dict]) -> set[str]:
    """The alerts that the tests expect, in either way in which they can be asked for."""
    alerts = [case for test in tests for case in test.get("alert_rule_test", []) if case.get("exp_alerts")]
    samples = [sample["labels"] for test in tests for case in test.get("promql_expr_test", []) for sample in case.get("exp_samples", [])]
    return {case["alertname"] for case in alerts} | {name for labels in samples for name in re.findall(r'alertname="(\w+)"', labels)}


@check(
    "each alert is raised by what it is for, and by nothing else (promtool)",
    in_file("an alert that is raised later", ALERTS, "for: ", "for: 9"),
    in_file("an alert that nobody tests", ALERTS, "- alert: ", "- alert: Other"),
    in_file("no PromQL", ALERTS, "expr: |", "expr: |\n          sum(("),
)
def alerts(subject: Subject) -> Iterator[str]:
    # The tests name the rules by where they are themselves.
    here = subject.folder / "tests/charts"
    here.mkdir(parents=True, exist_ok=True)
    (here / TESTS.name).write_text(TESTS.read_text())
    for command in (["check", "rules", subject.folder / ALERTS], ["test", "rules", here / TESTS.name]):
        done = run("promtool", *command)
        if done.returncode:
            yield from (line for line in (done.stdout + done.stderr).splitlines() if line.strip())
    named = {rule["alert"] for group in groups(subject) for rule in group["rules"] if "alert" in rule}
    for name in sorted(named ^ raised(yaml.safe_load(TESTS.read_text())["tests"])):
        yield f"{name} is an alert or raised by a test, not both"


@check(
    "the alerts and dashboards that are installed are those of the files",
    no_object("no alerts", "PrometheusRule"),
    put("another alert", "PrometheusRule", "spec", "groups", 0, "rules", 0, "expr", value="up == 0"),
    no_object("no dashboards", "ConfigMap"),
)
def installed(subject: Subject) -> Iterator[str]:
    dashboards = {file.name: json.loads(file.read_text()) for file in (subject.charts / "tidings/dashboards").glob("*.json")}
    if not dashboards:
        yield "there are no dashboards"
    for rendering in ("production", "everything"):
        objects = subject.renderings[rendering]
        rules = [group for each in objects if each["kind"] == "PrometheusRule" for group in each["spec"]["groups"]]
        if rules != groups(subject):
            yield f"{rendering}: the PrometheusRule is another than {ALERTS}"
        maps = [each for each in objects if each["kind"] == "ConfigMap"]
        shown = {name: json.loads(text) for each in maps for name, text in each["data"].items() if name.endswith(".json")}
        if shown != dashboards:
            yield f"{rendering}: the dashboards are others than those of charts/tidings/dashboards"


@check(
    "production sends its traces to the collector of k8s/",
    in_file("a collector in another namespace", PRODUCTION, "otel-collector.tidings", "otel-collector.observability"),
    in_file("a collector at another port", COLLECTOR, "name: otlp-grpc, port: 4317", "name: otlp-grpc, port: 4318"),
)
def traces(subject: Subject) -> Iterator[str]:
    told = yaml.safe_load((subject.folder / PRODUCTION).read_text())["global"]["otlpEndpoint"]
    services = [each for each in subject.manifests[COLLECTOR] if each["kind"] == "Service"]
    made = {f"http://{each['metadata']['name']}.{NAMESPACE}.svc:{port['port']}" for each in services for port in each["spec"]["ports"]}
    if told not in made:
        yield f"{PRODUCTION} has {told}, and {COLLECTOR} makes {', '.join(sorted(made))}"

"""How Dapr itself is to be installed: with its own chart and the values of k8s/dapr."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from agreement import ports_of
from checks import check, in_file
from subject import KUBERNETES, ROOT, NotThere, Subject, containers_of, documents, pod_of, run

VALUES = "k8s/dapr/values.yaml"
PINS = ("scripts/dapr", "scripts/tools/sidecar")
# What the injector has to be told for sidecars that a namespace with `restricted` takes.
SIDECARS = {"SIDECAR_RUN_AS_NON_ROOT": "true", "SIDECAR_DROP_ALL_CAPABILITIES": "true", "SIDECAR_READ_ONLY_ROOT_FILESYSTEM": "true"}


def chart() -> Path:
    """Dapr's own chart, of the version that the project runs with."""
    return Path(os.environ["CHECK_SCHEMAS"]) / "dapr-chart"


def installed(subject: Subject, *values: str) -> list[dict]:
    """Dapr's control plane."""
    files = [word for file in values for word in ("--values", subject.folder / file)]
    done = run("helm", "template", "dapr", chart(), "--namespace", "dapr-system", "--kube-version", KUBERNETES, *files)
    if done.returncode:
        raise NotThere(f"helm template of Dapr's chart: {done.stderr}")
    return documents(done.stdout)


def pods(subject: Subject) -> Iterator[tuple[str, dict[str, str], dict[str, int]]]:
    """Each of its pods: name, labels, ports."""
    for each in installed(subject, VALUES):
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["metadata"]["name"], pod_of(each)["metadata"]["labels"], ports_of(each)


def injector(subject: Subject) -> dict:
    """The Deployment of what puts sidecars into pods."""
    objects = installed(subject, VALUES)
    return next(each for each in objects if each["kind"] == "Deployment" and each["metadata"]["name"] == "dapr-sidecar-injector")


def known_values() -> dict:
    """What Dapr's chart and the charts in it can be told."""
    values = yaml.safe_load((chart() / "values.yaml").read_text())
    return values | {file.parent.name: yaml.safe_load(file.read_text()) for file in chart().glob("charts/*/values.yaml")}


def unknown(values: dict, known: dict, path: str = "") -> Iterator[str]:
    """Where values say what the chart does not; what is empty in the chart takes anything."""
    for name, value in values.items():
        if name not in known:
            yield f"{path}{name}"
        elif isinstance(value, dict) and isinstance(known[name], dict) and known[name]:
            yield from unknown(value, known[name], f"{path}{name}.")


@check(
    "Dapr's chart knows the values of k8s/dapr, and makes of them mTLS and sidecars that are allowed",
    in_file("a value that Dapr does not know", VALUES, "sidecarDropALLCapabilities:", "sidecarDropAllCapabilities:"),
    in_file("sidecars with capabilities", VALUES, "sidecarDropALLCapabilities: true", "sidecarDropALLCapabilities: false"),
    in_file("calls without certificates", VALUES, "mtls:\n    enabled: true", "mtls:\n    enabled: false"),
    in_file("pods that start without their sidecars", VALUES, "webhookFailurePolicy: Fail", "webhookFailurePolicy: Ignore"),
)
def control_plane(subject: Subject) -> Iterator[str]:
    pins = {re.search(r"github.com/dapr/dapr v(\S+)", (ROOT / file / "go.mod").read_text()).group(1) for file in PINS}
    if len(pins) > 1:
        yield f"{' and '.join(PINS)} are of different versions of Dapr: {', '.join(sorted(pins))}"
    others = sorted(file.relative_to(subject.folder) for file in (subject.folder / "k8s/dapr").glob("values-*.yaml"))
    for file in (VALUES, *map(str, others)):
        for name in unknown(yaml.safe_load((subject.folder / file).read_text()), known_values()):
            yield f"{file}: Dapr's chart has no value {name}"
    for values in [(VALUES,), *((VALUES, str(file)) for file in others)]:
        objects = {(each["kind"], each["metadata"]["name"]): each for each in installed(subject, *values)}
        if not objects["Configuration", "daprsystem"]["spec"]["mtls"]["enabled"]:
            yield f"{values[-1]}: mTLS is off, and access control stands on it"
        injector = objects["Deployment", "dapr-sidecar-injector"]
        told = {entry["name"]: entry.get("value") for container in containers_of(injector) for entry in container["env"]}
        for name, value in SIDECARS.items():
            if told.get(name) != value:
                yield f"{values[-1]}: {name} of the injector is {told.get(name)}"
        hook = objects["MutatingWebhookConfiguration", "dapr-sidecar-injector"]["webhooks"][0]
        if hook["failurePolicy"] != "Fail":
            yield f"{values[-1]}: while the injector is away, pods start without their sidecars"

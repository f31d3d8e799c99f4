"""What the charts tell Dapr: sidecars, components, subscriptions, access."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import project
from agreement import ANNOTATIONS, annotation, deployments
from checks import change, check, no_object, put, without
from subject import Subject, pod_of

# What a cluster says otherwise than components/: where the broker is and how one speaks with it, and who may use which topic.
OF_THE_CLUSTER = {
    "brokers", "authType", "disableTls", "saslUsername", "saslPassword", "saslMechanism", "caCert", "clientCert", "clientKey",
    "skipVerify", "allowedTopics", "publishingScopes", "subscriptionScopes", "protectedTopics",
}  # fmt: skip
DRAIN_SECONDS = 10
# What Dapr reads of every component of a kind, beside what the component itself reads.
OF_EVERY_BROKER = {"publishingScopes", "subscriptionScopes", "allowedTopics", "protectedTopics"} | {
    f"backOff{name}" for name in ("Policy", "Duration", "InitialInterval", "RandomizationFactor", "Multiplier", "MaxInterval", "MaxRetries")
}


@cache
def known() -> dict:
    """What Dapr reads; it passes over anything else without a word."""
    return json.loads((Path(os.environ["CHECK_SCHEMAS"]) / "dapr.json").read_text())


def seconds(text: str | None) -> int:
    match = re.fullmatch(r"(\d+)s?", text or "")
    return int(match.group(1)) if match else -1


@check(
    "sidecars are asked for in words that Dapr knows, and outlive their service",
    put("a misspelt annotation", "Deployment", *ANNOTATIONS, "dapr.io/app-helth-threshold", value="3"),
    without("a pod without a sidecar", "Deployment", *ANNOTATIONS, "dapr.io/enabled"),
    put("another configuration", "Deployment", *ANNOTATIONS, "dapr.io/config", value="default"),
    without("no token", "Deployment", *ANNOTATIONS, "dapr.io/app-token-secret"),
    put("a sidecar that ends first", "Deployment", *ANNOTATIONS, "dapr.io/block-shutdown-duration", value="3s"),
    put("a pod that is killed first", "Deployment", "spec", "template", "spec", "terminationGracePeriodSeconds", value=15),
    put("an annotation that is no text", "Deployment", *ANNOTATIONS, "dapr.io/app-port", value=8000),
    put("a sidecar in a migration, which would never end", "Job", *ANNOTATIONS, "dapr.io/enabled", value="true"),
)
def sidecars(subject: Subject) -> Iterator[str]:
    for place, each in subject.objects("Deployment", "StatefulSet", "Job"):
        told = pod_of(each)["metadata"].get("annotations", {})
        for name in sorted(name for name in told if name.startswith("dapr.io/") and name not in known()["annotations"]):
            yield f"{place}: {name} is no annotation of Dapr"
        if each["kind"] == "Job" and told.get("dapr.io/enabled") == "true":
            yield f"{place}: a sidecar that nobody ends keeps the Job from ending"
    for place, each, _ in deployments(subject):
        told = pod_of(each)["metadata"]["annotations"]
        if any(not isinstance(value, str) for value in told.values()):
            yield f"{place}: annotations are text"
            continue
        expected = {"enabled": "true", "config": "tidings", "log-as-json": "true", "app-protocol": "http", "enable-app-health-check": "true"}
        for name, value in expected.items():
            if told.get(f"dapr.io/{name}") != value:
                yield f"{place}: dapr.io/{name} is not {value}"
        for name in ("app-token-secret", "sidecar-cpu-request", "sidecar-memory-request", "sidecar-memory-limit"):
            if not annotation(each, name):
                yield f"{place}: dapr.io/{name} is not there"
        spec = pod_of(each)["spec"]
        waits = sum(container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0) for container in spec["containers"])
        block, graceful = (seconds(annotation(each, name)) for name in ("block-shutdown-duration", "graceful-shutdown-seconds"))
        if block < waits + DRAIN_SECONDS:
            yield f"{place}: the sidecar ends after {block} s, the service may take {waits} + {DRAIN_SECONDS} s"
        if spec.get("terminationGracePeriodSeconds", 30) <= block + graceful:
            yield f"{place}: the pod is killed before its sidecar has had {block} + {graceful} s"


def metadata_of(component: dict) -> dict[str, object]:
    return {entry["name"]: entry.get("value", entry.get("secretKeyRef")) for entry in component["spec"].get("metadata", [])}


@check(
    "components, subscriptions and resiliency are those of components/",
    put("a retry that is another", "Resiliency", "spec", "policies", "retries", "deliveries", "maxRetries", value=3),
    put("a subscription to another topic", "Subscription", "spec", "topic", value="task-made"),
    put("a setting of a component that is another", "Component", "spec", "metadata", {"name": "initialOffset"}, "value", value="latest"),
    without("a component of all", "Component", "scopes"),
    no_object("no resiliency", "Resiliency"),
    change("a setting of a component too many", "Component", "spec", "metadata", by=lambda list: list.append({"name": "clientID", "value": "x"})),
)  # fmt: skip
def drift(subject: Subject) -> Iterator[str]:
    ours = {key: each for key, each in project.components().items() if key[0] != "Configuration"}
    for rendering, objects in subject.renderings.items():
        theirs = {(each["kind"], each["metadata"]["name"]): each for each in objects if each["apiVersion"].startswith("dapr.io/")}
        for kind, name in sorted({key for key in ours if key[0] != "Component"} - theirs.keys()):
            yield f"{rendering}: {kind} {name} is not there"
        for (kind, name), each in theirs.items():
            if kind == "Configuration":
                continue
            place, own = f"{rendering}: {kind} {name}", ours.get((kind, name))
            if own is None:
                yield f"{place} is none of components/"
            elif kind == "Component":
                yield from (f"{place}: {line}" for line in component_drift(own, each))
            elif (own["spec"], own.get("scopes")) != (each["spec"], each.get("scopes")):
                yield f"{place} is another than that of components/"


def component_drift(own: dict, each: dict) -> Iterator[str]:
    if own["spec"]["type"].startswith("secretstores."):
        # A cluster keeps its secrets where it keeps them.
        return
    if own["spec"]["type"] != each["spec"]["type"]:
        yield f"is of type {each['spec']['type']}"
    if not set(own.get("scopes", project.services())) >= set(each.get("scopes", ["everybody"])):
        yield f"is for {each.get('scopes', 'everybody')}"
    before, after = metadata_of(own), metadata_of(each)
    for name in sorted(before.keys() | after.keys()):
        if name not in OF_THE_CLUSTER and before.get(name) != after.get(name):
            yield f"{name} is {after.get(name)}, and {before.get(name)} in components/"


@check(
    "components have only settings that Dapr reads",
    put("a misspelt setting", "Component", "spec", "metadata", {"name": "brokers"}, "name", value="broker"),
    put("a type that there is none of", "Component", "spec", "type", value="pubsub.redpanda"),
)
def component_settings(subject: Subject) -> Iterator[str]:
    types = {name.lower(): names for name, names in known()["components"].items()}
    for place, each in subject.objects("Component"):
        settings = types.get(each["spec"]["type"])
        if settings is None:
            yield f"{place}: Dapr has no component {each['spec']['type']}"
            continue
        if each["spec"]["type"].startswith("pubsub."):
            settings = OF_EVERY_BROKER.union(settings)
        for name in metadata_of(each):
            if name not in settings:
                yield f"{place}: {each['spec']['type']} has no setting {name}"

"""What k8s/ and the scripts say of a cluster is what the charts want of it."""

import re
from collections.abc import Iterator

import project
from checks import check, in_file, put
from subject import ROOT, Subject, containers_of

# What a Secret is made of by whoever installs: the script that does it for minikube and for Neon.
MAKES_SECRET = "k8s/make-secret"


def topics_in(text: str) -> set[str]:
    """The topics that a shell loop makes, each with its dead letters."""
    listed = re.search(r"for topic in ([a-z -]+); do", text)
    return {name for topic in (listed.group(1).split() if listed else []) for name in (topic, f"{topic}.dead")}


@check(
    "every topic of the contract is made, and no other",
    in_file("a topic too few", "k8s/redpanda/topics.yaml", "task-updates ", ""),
    in_file("a misspelt topic", "k8s/redpanda-operator/topics.yaml", "name: task-events }", "name: task-event }"),
    put("a consumer that is scaled by a topic that there is none of", "ScaledObject", "spec", "triggers", 0, "metadata", "topic", value="tasks"),
)
def topics(subject: Subject) -> Iterator[str]:
    wanted = project.all_topics()
    made = {
        "k8s/redpanda/topics.yaml": topics_in((subject.folder / "k8s/redpanda/topics.yaml").read_text()),
        "k8s/redpanda-operator": {
            each["metadata"]["name"] for each in subject.manifests_in("k8s/redpanda-operator") if each["kind"] == "Topic"
        },
    }
    for place, names in made.items():
        for name in sorted(names ^ wanted):
            yield f"{place}: {name} is {'not made' if name in wanted else 'no topic'}"
    for place, each in subject.objects("ScaledObject"):
        for trigger in each["spec"]["triggers"]:
            said = trigger["metadata"]
            app = each["spec"]["scaleTargetRef"]["name"]
            if said.get("topic") not in wanted or f"-{app}" not in project.topics().get(said["topic"], set()):
                yield f"{place}: {app} does not listen to {said.get('topic')}"
            if said.get("consumerGroup") != app:
                yield f"{place}: the group of {app} is not {said.get('consumerGroup')}"


def secrets_of(objects: list[dict]) -> Iterator[tuple[str, str, bool]]:
    """Name, key and whether it may be missing, of every secret that objects refer to."""
    for each in objects:
        if each["kind"] in ("Deployment", "Job", "StatefulSet"):
            for container in containers_of(each):
                for entry in container.get("env", []):
                    if "secretKeyRef" in entry.get("valueFrom", {}):
                        ref = entry["valueFrom"]["secretKeyRef"]
                        yield ref["name"], ref["key"], ref.get("optional", False)
        if each["kind"] == "Component":
            for entry in each["spec"].get("metadata", []):
                if "secretKeyRef" in entry:
                    yield entry["secretKeyRef"]["name"], entry["secretKeyRef"]["key"], False


@check(
    "every secret is named by the values, and its key is one that is made; none is in a chart",
    put("a secret that nobody makes", "Deployment", "spec", "template", "spec", "containers", 0, "env", {"name": "DATABASE_URL"},
        "valueFrom", "secretKeyRef", "key", value="DATABASE_ADDRESS"),
    put("a Secret of another name", "Job", "spec", "template", "spec", "containers", 0, "env", {"name": "DATABASE_URL_DIRECT"},
        "valueFrom", "secretKeyRef", "name", value="postgres"),
    put("a Secret in a chart", "ServiceAccount", "kind", value="Secret"),
    put("a secret in plain sight", "Deployment", "spec", "template", "spec", "containers", 0, "env", {"name": "PORT"}, "value",
        value="postgres://tidings:hunter2@postgres/tidings"),
)  # fmt: skip
def secrets(subject: Subject) -> Iterator[str]:
    script = (ROOT / MAKES_SECRET).read_text()
    for rendering, objects in subject.renderings.items():
        values = subject.values[rendering].read_text()
        for name, key, _ in sorted(set(secrets_of(objects))):
            if not re.search(rf"\b{re.escape(name)}\b", values):
                yield f"{rendering}: Secret {name} is not of the values"
            schema = key.removeprefix("DATABASE_URL_").lower()
            made = re.search(rf"\b{re.escape(key)}\b", script) or (key != schema and re.search(rf"in .*\b{schema}\b.*; do", script))
            if rendering in ("minimal", "minikube") and not made:
                yield f"{rendering}: {MAKES_SECRET} does not make {key}"
        for each in objects:
            if each["kind"] == "Secret":
                yield f"{rendering}: Secret {each['metadata']['name']} is in the chart"
            for container in containers_of(each) if each["kind"] in ("Deployment", "Job") else []:
                for entry in container.get("env", []):
                    if re.search(r"://[^/\s:@]+:[^@\s]+@", str(entry.get("value"))):
                        yield f"{rendering}: {each['kind']} {each['metadata']['name']}: {entry['name']} has a password in it"


@check(
    "each kustomization applies every file beside it",
    in_file("a file that is left out", "k8s/network-policies/kustomization.yaml", ", outside.yaml", ""),
)
def kustomizations(subject: Subject) -> Iterator[str]:
    for file, objects in subject.manifests.items():
        for each in (each for each in objects if each["kind"] == "Kustomization"):
            beside = {path.name for path in (subject.folder / file).parent.glob("*.yaml")} - {"kustomization.yaml"}
            for name in sorted(beside ^ set(each.get("resources", []))):
                yield f"{file}: {name} is applied or there, not both"


@check(
    "what enforces `restricted` is the namespaces themselves",
    put("a namespace that takes any pod", "Namespace", "metadata", "labels", "pod-security.kubernetes.io/enforce", value="baseline"),
)
def namespaces(subject: Subject) -> Iterator[str]:
    found = {each["metadata"]["name"]: each for objects in subject.manifests.values() for each in objects if each["kind"] == "Namespace"}
    for name in ("tidings", "tidings-data"):
        labels = found.get(name, {"metadata": {}})["metadata"].get("labels", {})
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"Namespace {name}: pod-security.kubernetes.io/enforce is {labels.get('pod-security.kubernetes.io/enforce')}"


def named_secrets(part) -> Iterator[str]:
    """Every Secret that an object names, wherever that is."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "secretName" or (key == "secretRef" and isinstance(value, str)):
                yield value
            elif key in ("secretKeyRef", "secretRef") and isinstance(value, dict):
                yield value["name"]
            else:
                yield from named_secrets(value)
    elif isinstance(part, list):
        for each in part:
            yield from named_secrets(each)


@check(
    "every Secret that k8s/ wants is made by a command that is told",
    in_file("a Secret of another name", "k8s/postgres/statefulset.yaml", "name: postgres, key", "name: postgres-passwords, key"),
)
def made_secrets(subject: Subject) -> Iterator[str]:
    told = "\n".join((ROOT / file).read_text() for file in ("docs/DEPLOY.md", "scripts/minikube-up"))
    made = set(re.findall(r"secret generic ([a-z0-9-]+)", told))
    for file, objects in subject.manifests.items():
        for name in sorted(set(named_secrets(objects)) - made):
            yield f"{file}: neither docs/DEPLOY.md nor scripts/minikube-up makes Secret {name}"

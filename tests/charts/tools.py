"""What the tools of the trade say: Helm, kubeconform, kube-score, the evaluator of Pod Security."""

import copy
import json
import os
import shutil
from collections.abc import Iterator

import yaml

import control_plane
import network
from checks import check, in_file, put, without
from subject import KUBERNETES, NAMESPACE, NotThere, Subject, containers_of, documents, run

CONTAINER = ("spec", "template", "spec", "containers", 0)
# Redpanda's operator is the one whose definitions no module has.
WITHOUT_SCHEMA = "Redpanda,User,Topic,Kustomization"
# What kube-score asks for and we do otherwise, each for a reason.
NOT_ASKED = {
    # Tags are versions and never made anew: an image that a node has is the right one.
    "container-image-pull-policy",
    # Pods are spread by topologySpreadConstraints, which kube-score checks too.
    "deployment-has-host-podantiaffinity",
}


def as_text(objects: list[dict]) -> str:
    return yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False)


def written(subject: Subject, texts: dict[str, str]) -> dict[str, str]:
    """Files with these texts, each with the name that it is known by."""
    folder = subject.folder / "objects"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    files = {}
    for number, (name, text) in enumerate(texts.items()):
        file = folder / f"{number}.yaml"
        file.write_text(text)
        files[str(file)] = name
    return files


@check(
    "helm lint --strict",
    in_file("a template that does not end", "charts/tidings/templates/ingress.yaml", "{{- end", "{{-"),
    in_file("a chart without a version", "charts/service/Chart.yaml", "apiVersion: v2", "apiVersion: v1"),
)
def lint(subject: Subject) -> Iterator[str]:
    for chart in sorted(file.parent for file in subject.charts.glob("*/Chart.yaml")):
        values = ["--values", subject.values["minimal"]] if chart.name != "service" else []
        done = run("helm", "lint", "--strict", "--quiet", "--kube-version", KUBERNETES, *values, chart)
        if done.returncode:
            yield from (f"{chart.name}: {line}" for line in (done.stdout + done.stderr).splitlines() if line.strip())


@check(
    "every object is what Kubernetes, Dapr, KEDA, the Prometheus operator and the Gateway API take (kubeconform -strict)",
    put("a field that there is none of", "Deployment", "spec", "replica", value=2),
    put("a number that is text", "Deployment", "spec", "revisionHistoryLimit", value="5"),
    put("a misspelt field of a container", "Deployment", *CONTAINER, "livenesProbe", value={}),
    put("a field that Dapr has none of", "Resiliency", "spec", "policies", "timeout", value={}),
    put("a misspelt field of a Component", "Component", "spec", "initTimeOut", value="5s"),
    put("a field that KEDA has none of", "ScaledObject", "spec", "maxReplica", value=3),
    put("a misspelt field of a ServiceMonitor", "ServiceMonitor", "spec", "endpoint", value=[]),
    put("a misspelt field of a route", "HTTPRoute", "spec", "hostname", value="tidings.example.com"),
    put("a kind that there is none of", "NetworkPolicy", "kind", value="NetworkPolice"),
    without("a rule without what it needs", "PodDisruptionBudget", "apiVersion"),
)
def conform(subject: Subject) -> Iterator[str]:
    everything = {**subject.renderings, **subject.manifests}
    schemas = f"{os.environ['CHECK_SCHEMAS']}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"
    files = written(subject, {name: as_text(objects) for name, objects in everything.items()})
    done = run("kubeconform", "-strict", "-output", "json", "-summary", "-skip", WITHOUT_SCHEMA, "-schema-location", schemas, *files)
    answer = json.loads(done.stdout)
    for each in answer["resources"]:
        yield f"{files[each['filename']]}: {each['kind']} {each['name']}: {each['msg']}"
    there = sum(map(len, everything.values()))
    if sum(answer["summary"].values()) != there:
        yield f"there are {there} objects, but kubeconform counts {answer['summary']}"


def with_sidecars(subject: Subject) -> dict[str, str]:
    """Every rendering with daprd in its pods, as the injector that k8s/dapr installs puts it there."""
    container = containers_of(control_plane.injector(subject))[0]
    told = [f"{entry['name']}={entry['value']}" for entry in container["env"] if "value" in entry]
    made = {}
    for name, objects in subject.renderings.items():
        done = run("env", *told, "sidecar", NAMESPACE, stdin=as_text(objects))
        if done.returncode:
            raise NotThere(f"{name}: no sidecar can be made: {done.stderr}")
        made[name] = done.stdout
    return made


@check(
    "every pod, with the sidecar that Dapr puts into it, passes the Pod Security Standard `restricted`",
    put("a pod that is root", "Deployment", "spec", "template", "spec", "securityContext", "runAsUser", value=0),
    put("a container that may gain rights", "Deployment", *CONTAINER, "securityContext", "allowPrivilegeEscalation", value=True),
    without("a container that keeps capabilities", "Deployment", *CONTAINER, "securityContext", "capabilities"),
    without("a migration without seccomp", "Job", "spec", "template", "spec", "securityContext", "seccompProfile"),
    put("a volume of the node", "Deployment", "spec", "template", "spec", "volumes", value=[{"name": "node", "hostPath": {"path": "/"}}]),
    put("a test that is root", "Pod", "spec", "securityContext", "runAsNonRoot", value=False),
    in_file("sidecars that keep capabilities", control_plane.VALUES, "sidecarDropALLCapabilities: true", "sidecarDropALLCapabilities: false"),
    put("a service without a sidecar", "Deployment", "spec", "template", "metadata", "annotations", "dapr.io/enabled", value="false"),
)
def pod_security(subject: Subject) -> Iterator[str]:
    texts = with_sidecars(subject)
    for name, text in texts.items():
        for each in (each for each in documents(text) if each["kind"] == "Deployment"):
            if "daprd" not in [container["name"] for container in containers_of(each)]:
                yield f"{name}: {each['metadata']['name']} gets no sidecar"
    texts |= {name: as_text(objects) for name, objects in subject.manifests.items()}
    files = written(subject, texts)
    done = run("pod-security", "restricted", *files)
    if done.returncode:
        for line in (done.stdout + done.stderr).splitlines():
            file, _, rest = line.partition(": ")
            if rest and not rest.endswith(": allowed"):
                yield f"{files.get(file, file)}: {rest}"


def in_cluster(each: dict) -> dict:
    """An object in its namespace, its pods with the label that Dapr's injector gives them."""
    each["metadata"]["namespace"] = NAMESPACE
    metadata = each["spec"]["template"]["metadata"] if each["kind"] == "Deployment" else {}
    if metadata.get("annotations", {}).get("dapr.io/enabled") == "true":
        metadata["labels"]["dapr.io/sidecar-injected"] = "true"
    return each


def selected(policy: dict, objects: list[dict]) -> bool:
    """Whether a network policy is for a pod of these objects."""
    made = [each["spec"]["template"] for each in objects if each["kind"] in ("Deployment", "StatefulSet", "Job")]
    return any(network.selects(policy["spec"]["podSelector"], pod["metadata"]["labels"]) for pod in made)


@check(
    "kube-score finds nothing critical in production",
    without("a container without a limit of memory", "Deployment", *CONTAINER, "resources", "limits"),
    put("a writable root", "Deployment", *CONTAINER, "securityContext", "readOnlyRootFilesystem", value=False),
    without("no probe", "Deployment", *CONTAINER, "readinessProbe"),
    put("an image without a version", "Deployment", *CONTAINER, "image", value="tidings/backend-api:latest"),
    put("a PodDisruptionBudget of nothing", "PodDisruptionBudget", "spec", "selector", "matchLabels", value={"a": "b"}),
    put("a Service before nothing", "Service", "spec", "selector", value={"a": "b"}),
    put("a NetworkPolicy of nothing", "NetworkPolicy", "spec", "podSelector", value={"matchLabels": {"a": "b"}}),
)
def score(subject: Subject) -> Iterator[str]:
    beside = [each for objects in subject.manifests.values() for each in objects]
    policies = [each for each in beside if each["kind"] == "NetworkPolicy" and each["metadata"].get("namespace") == NAMESPACE]
    in_place = [in_cluster(each) for each in copy.deepcopy(subject.renderings["production"])]
    # Those that are for pods of k8s/ alone, such as the collector's, are not for kube-score: it does not see these pods.
    ours = [each for each in policies if selected(each, in_place) or not selected(each, beside)]
    done = run(
        "kube-score", "score", "--output-format", "ci", "--kubernetes-version", "v1.36", "--ignore-container-cpu-limit",
        *[word for name in sorted(NOT_ASKED) for word in ("--ignore-test", name)], "-", stdin=as_text([*in_place, *ours]),
    )  # fmt: skip
    lines = done.stdout.splitlines()
    yield from (line for line in lines if line.startswith("[CRITICAL]"))
    if not any(line.startswith("[OK]") for line in lines):
        yield f"kube-score has looked at nothing: {done.stderr or done.stdout}"

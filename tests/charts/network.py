"""The network policies allow the flows that exist, and no other: worked out here, as a cluster would, for each pair of pods."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

import control_plane
import project
from access import as_pattern, matches
from agreement import ports_of
from checks import change, check, no_object, put
from subject import NAMESPACE, Subject, pod_of

DATA, DAPR = "tidings-data", "dapr-system"
SIDECAR, METRICS = 50002, 9090
# Traces, by gRPC; they go to the collector of k8s/, or to one among what measures.
OTLP = 4317
# By HTTP nobody sends them.
OTLP_BY_HTTP = 4318


@dataclass(frozen=True)
class End:
    """One end of a flow: a pod with its labels in a namespace with its own, or an address elsewhere."""

    name: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    ports: dict[str, int] = field(default_factory=dict, hash=False)
    address: str = ""


OUTSIDE = {
    # The cluster around.
    "dns": End("dns", "kube-system", {"k8s-app": "kube-dns"}),
    "ingress": End("ingress", "ingress-nginx"),
    "prometheus": End("prometheus", "monitoring"),
    "stranger": End("stranger", "default"),
    # Beyond it.
    "internet": End("internet", address="203.0.113.7"),
    "cloud": End("cloud", address="169.254.169.254"),
}
NAMESPACE_LABELS = {"ingress-nginx": {"tidings/entrance": "true"}, "monitoring": {"tidings/monitoring": "true"}}


def ends(subject: Subject) -> dict[str, End]:
    """Every pod that there is, as the chart and k8s/ make it, and what is around."""
    found = OUTSIDE | {name: End(name, DAPR, labels, ports) for name, labels, ports in control_plane.pods(subject)}
    ours = [(NAMESPACE, each) for each in subject.renderings["minimal"]]
    theirs = [(DATA, each) for file in ("postgres", "redpanda") for each in subject.manifests_in(f"k8s/{file}")]
    theirs += [(NAMESPACE, each) for each in subject.manifests["k8s/otel-collector.yaml"]]
    for namespace, each in ours + theirs:
        if each["kind"] not in ("Deployment", "StatefulSet", "Job", "Pod"):
            continue
        pod = each if each["kind"] == "Pod" else pod_of(each)
        labels = dict(pod["metadata"].get("labels", {}))
        if pod["metadata"].get("annotations", {}).get("dapr.io/enabled") == "true":
            # So Dapr's injector marks what it has injected.
            labels["dapr.io/sidecar-injected"] = "true"
        name = each["metadata"]["name"]
        found[name] = End(name, namespace, labels, {} if each["kind"] == "Pod" else ports_of(each))
    return found


def selects(selector: dict | None, labels: dict[str, str]) -> bool:
    """Whether a label selector of Kubernetes fits; an empty one fits everything."""
    for expression in (selector or {}).get("matchExpressions", []):
        value, values = labels.get(expression["key"]), expression.get("values", [])
        fits = {
            "In": value in values, "NotIn": value not in values, "Exists": value is not None, "DoesNotExist": value is None,
        }[expression["operator"]]  # fmt: skip
        if not fits:
            return False
    return (selector or {}).get("matchLabels", {}).items() <= labels.items()


def is_peer(peer: dict, end: End, own_namespace: str) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        # Pods have addresses of a private network.
        address = ipaddress.ip_address(end.address or "10.244.0.9")
        ranges = [ipaddress.ip_network(block["cidr"]), *map(ipaddress.ip_network, block.get("except", []))]
        inside = [address.version == each.version and address in each for each in ranges]
        return inside[0] and not any(inside[1:])
    if end.address:
        return False
    if "namespaceSelector" in peer:
        namespace = {"kubernetes.io/metadata.name": end.namespace, **NAMESPACE_LABELS.get(end.namespace, {})}
        if not selects(peer["namespaceSelector"], namespace):
            return False
    elif end.namespace != own_namespace:
        return False
    return selects(peer.get("podSelector"), end.labels)


def is_port(entry: dict, to: End, port: int) -> bool:
    """Whether a rule's port is this one: a number, a range, or the name that a container gives it; none at all is every port."""
    if "port" not in entry:
        return True
    begin = to.ports.get(entry["port"], entry["port"])
    return begin == port if isinstance(begin, str) else begin <= port <= entry.get("endPort", begin)


def permits(policies: list[dict], direction: str, of: End, other: End, port: int, to: End) -> bool:
    """Whether the policies of one end let a flow pass; those of another namespace say nothing of it."""
    side = "from" if direction == "Ingress" else "to"
    mine = [
        policy["spec"] for policy in policies
        if policy["metadata"].get("namespace") == of.namespace
        and direction in policy["spec"].get("policyTypes", ["Ingress"])
        and selects(policy["spec"]["podSelector"], of.labels)
    ]  # fmt: skip
    for rule in (rule for spec in mine for rule in spec.get(direction.lower(), [])):
        if not any(is_port(entry, to, port) for entry in rule.get("ports", [{}])):
            continue
        if side not in rule or any(is_peer(peer, other, of.namespace) for peer in rule[side]):
            return True
    return not mine


def passes(policies: list[dict], source: End, target: End, port: int) -> bool:
    return permits(policies, "Egress", source, target, port, target) and permits(policies, "Ingress", target, source, port, target)


def flows() -> set[tuple[str, str, int]]:
    """What has to talk to what, and at which port: from the code, and from what Dapr does."""
    services, wanted = project.services(), set()
    for name, service in services.items():
        wanted |= {("prometheus", name, service.port), ("prometheus", name, METRICS)}
        # The control plane, the broker and traces.
        wanted |= {(name, "dapr-operator", 6500), (name, "dapr-sentry", 50001), (name, "dapr-scheduler-server", 50006)}
        wanted |= {(name, "redpanda", 9092)}
        wanted |= {(name, collector, OTLP) for collector in ("otel-collector", "prometheus")}
        # The pods of `helm test`.
        wanted |= {(test, name, service.port) for test in ("tidings-test-ready", "tidings-test-tasks")}
        for call in map(as_pattern, service.calls):
            asked = [other for other, callee in services.items() if any(matches(call, as_pattern(route)) for route in callee.routes)]
            wanted |= {(name, other, SIDECAR) for other in asked}
        if service.stores:
            for pod in (name, f"{name}-migrate"):
                wanted |= {(pod, "postgres", 5432), (pod, "internet", 5432)}
    api, sockets = services["backend-api"], services["websocket-service"]
    wanted |= {("ingress", api.app_id, api.port), ("ingress", sockets.app_id, sockets.port)}
    # Keys of issuers: those of backend-api itself, and those of others.
    wanted |= {(sockets.app_id, api.app_id, api.port), (sockets.app_id, "internet", 443), (api.app_id, "internet", 443)}
    wanted |= {("notification-service", "internet", port) for port in (443, 465, 587)}
    wanted |= {("otel-collector", "prometheus", OTLP)}
    # Who measures the broker: itself, and an exporter of the groups' lag.
    return wanted | {("topics", "redpanda", 9092), ("prometheus", "redpanda", 9644), ("prometheus", "redpanda", 9092)}


# Where daprd listens beside what it tells others, and what is tried of whoever is not in the charts.
DAPRD = {3500, 50001, SIDECAR, METRICS}
OF_OTHERS = {53, 443, 465, 587, OTLP, OTLP_BY_HTTP, 5432, 9092}


def listens(end: End) -> set[int]:
    if end.name in OUTSIDE:
        return OF_OTHERS
    return {*end.ports.values()} | (DAPRD if "dapr.io/sidecar-injected" in end.labels else set())


@check(
    "network policies let every flow pass that there is, and no other",
    no_object("no policies", "NetworkPolicy"),
    change("everything is let out", "NetworkPolicy", "spec", by=lambda spec: spec.update(policyTypes=["Egress"], podSelector={}, egress=[{}])),
    put("a database for everybody", "NetworkPolicy", "spec", "ingress", 0, "from", value=[{"namespaceSelector": {}}]),
    put("another port", "NetworkPolicy", "spec", "ingress", 0, "ports", 0, "port", value=8080),
    put("pods of another name", "Deployment", "spec", "template", "metadata", "labels", "app.kubernetes.io/name", value="api"),
)
def policies(subject: Subject) -> Iterator[str]:
    rules = [each for objects in subject.manifests.values() for each in objects if each["kind"] == "NetworkPolicy"]
    known, wanted = ends(subject), flows()
    for name in sorted({name for flow in wanted for name in flow[:2]} - known.keys()):
        yield f"there is no pod {name}"
        return
    for source in known.values():
        for target in known.values():
            if NAMESPACE not in (source.namespace, target.namespace) and DATA not in (source.namespace, target.namespace):
                continue
            for port in sorted(listens(target)):
                flow = (source.name, target.name, port)
                # All ask for names, and brokers talk to each other.
                expected = flow in wanted or (target.name == "dns" and port == 53) or source.name == target.name == "redpanda"
                if passes(rules, source, target, port) != expected:
                    yield f"{source.name} {'cannot' if expected else 'can'} reach {target.name} at {port}"

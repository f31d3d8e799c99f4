"""The charts name what the code has: services, ports, settings, secrets."""

import re
from collections.abc import Iterator

import yaml

import project
from checks import Mistake, change, check, no_object, put, without
from subject import Subject, containers_of, pod_of

TEMPLATE = ("spec", "template")
ANNOTATIONS = (*TEMPLATE, "metadata", "annotations")
CONTAINER = (*TEMPLATE, "spec", "containers", 0)


def deployments(subject: Subject) -> Iterator[tuple[str, dict, project.Service]]:
    """The Deployment of each service with what its code says."""
    for place, each in subject.objects("Deployment"):
        service = project.services().get(each["metadata"]["name"])
        if service:
            yield place, each, service


def annotation(workload: dict, name: str) -> str | None:
    return pod_of(workload)["metadata"].get("annotations", {}).get(f"dapr.io/{name}")


@check(
    "each service has a chart and a Deployment of its app id, and there is no other",
    put("an app id that no service has", "Deployment", *ANNOTATIONS, "dapr.io/app-id", value="task-api"),
    no_object("no service", "Deployment"),
    put("a Deployment of nothing that we have", "Deployment", "metadata", "name", value="analytics-service"),
    Mistake("a service without a chart", lambda subject: (subject.charts / "audit-service/Chart.yaml").unlink()),
)
def app_ids(subject: Subject) -> Iterator[str]:
    known = set(project.services())
    charts = {file.parent.name for file in subject.charts.glob("*/Chart.yaml")} - {"service", "tidings"}
    for name in sorted(charts ^ known):
        yield f"charts/{name}: the chart or the service of this name is missing"
    umbrella = yaml.safe_load((subject.charts / "tidings/Chart.yaml").read_text())
    named = {each["name"] for each in umbrella["dependencies"]} - {"service"}
    for name in sorted(named ^ known):
        yield f"charts/tidings does not depend on the services that there are: {name}"
    for rendering, objects in subject.renderings.items():
        deployed = {each["metadata"]["name"] for each in objects if each["kind"] == "Deployment"}
        for name in sorted(deployed ^ known):
            yield f"{rendering}: {name} is installed or a service, not both"
    for place, each, service in deployments(subject):
        if annotation(each, "app-id") != service.app_id:
            yield f"{place}: dapr.io/app-id is {annotation(each, 'app-id')}"


def ports_of(workload: dict) -> dict[str, int]:
    ports = [port for container in containers_of(workload) for port in container.get("ports", [])]
    return {port.get("name", str(port["containerPort"])): port["containerPort"] for port in ports}


def probes_of(workload: dict) -> Iterator[tuple[str, dict]]:
    for container in containers_of(workload):
        for name in ("livenessProbe", "readinessProbe", "startupProbe"):
            if "httpGet" in container.get(name, {}):
                yield name, container[name]["httpGet"]


@check(
    "every port is the one that the service listens on",
    put("a sidecar that asks at another port", "Deployment", *ANNOTATIONS, "dapr.io/app-port", value="8080"),
    put("a container with another port", "Deployment", *CONTAINER, "ports", 0, "containerPort", value=8080),
    put("a PORT that nobody else knows", "Deployment", *CONTAINER, "env", {"name": "PORT"}, "value", value="8080"),
    put("a service on loopback only", "Deployment", *CONTAINER, "env", {"name": "BIND_ADDRESS"}, "value", value="127.0.0.1"),
    put("a probe at a port without a name", "Deployment", *CONTAINER, "livenessProbe", "httpGet", "port", value="web"),
    put("a probe that is not answered", "Deployment", *CONTAINER, "readinessProbe", "httpGet", "path", value="/ready"),
    put("a sidecar that asks for another path", "Deployment", *ANNOTATIONS, "dapr.io/app-health-check-path", value="/healthz"),
    put("a Service before a port that is none", "Service", "spec", "ports", 0, "targetPort", value="web"),
    change("an Ingress to a port of no Service", "Ingress", "spec", "rules", 0, "http", "paths", 0, "backend", "service",
           by=lambda service: service.update(port={"number": 9999})),
    put("a route to a port of no Service", "HTTPRoute", "spec", "rules", 0, "backendRefs", 0, "port", value=80),
    put("a ServiceMonitor of a port of no Service", "ServiceMonitor", "spec", "endpoints", 0, "port", value="admin"),
)  # fmt: skip
def ports(subject: Subject) -> Iterator[str]:
    for place, each, service in deployments(subject):
        named = ports_of(each)
        settings = {entry["name"]: entry.get("value") for container in containers_of(each) for entry in container.get("env", [])}
        told = {
            "dapr.io/app-port": annotation(each, "app-port"),
            "the container's port http": named.get("http"),
            "PORT": settings.get("PORT", service.port),
        }
        for what, port in told.items():
            if str(port) != str(service.port):
                yield f"{place}: {what} is {port}, the service listens on {service.port}"
        if settings.get("BIND_ADDRESS") not in ("0.0.0.0", "::"):
            yield f"{place}: BIND_ADDRESS is {settings.get('BIND_ADDRESS')}: nobody outside of the pod reaches it"
        probes = [*probes_of(each), ("dapr.io/app-health-check-path", {"path": annotation(each, "app-health-check-path"), "port": "http"})]
        for what, probe in probes:
            if probe["path"] not in project.health_paths():
                yield f"{place}: {what} asks for {probe['path']}, which nobody answers"
            if probe["port"] not in {*named, *named.values()}:
                yield f"{place}: {what} asks at port {probe['port']}, which no container has"
    for rendering, objects in subject.renderings.items():
        yield from (f"{rendering}: {line}" for line in of_services(objects))


def of_services(objects: list[dict]) -> Iterator[str]:
    """Whether Services lead to ports of pods, and what is before them to ports of Services."""
    workloads = [each for each in objects if each["kind"] == "Deployment"]
    services = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Service"}
    named = {name: {(port.get("name"), port["port"]) for port in each["spec"]["ports"]} for name, each in services.items()}
    for name, service in services.items():
        selector = service["spec"]["selector"].items()
        behind = [each for each in workloads if selector <= pod_of(each)["metadata"]["labels"].items()]
        open_ports = {port for each in behind for pair in ports_of(each).items() for port in pair}
        for port in service["spec"]["ports"]:
            # The sidecar's metrics are at 9090, where Dapr puts them.
            if port.get("targetPort", port["port"]) not in open_ports | {9090, "dapr-metrics"}:
                yield f"Service {name}: no pod behind it has port {port.get('targetPort', port['port'])}"
    for each in objects:
        if each["kind"] == "Ingress":
            for path in (path for rule in each["spec"]["rules"] for path in rule["http"]["paths"]):
                backend, port = path["backend"]["service"]["name"], path["backend"]["service"]["port"]
                if not any(port.get("name") == name or port.get("number") == number for name, number in named.get(backend, ())):
                    yield f"Ingress {each['metadata']['name']}: {backend} has no port {port}"
        if each["kind"] == "HTTPRoute":
            for backend in (backend for rule in each["spec"]["rules"] for backend in rule["backendRefs"]):
                if backend["port"] not in [number for _, number in named.get(backend["name"], ())]:
                    yield f"HTTPRoute {each['metadata']['name']}: {backend['name']} has no port {backend['port']}"
        if each["kind"] == "ServiceMonitor":
            for endpoint in each["spec"]["endpoints"]:
                if not any(endpoint["port"] == name for ports in named.values() for name, _ in ports):
                    yield f"ServiceMonitor {each['metadata']['name']}: no Service has a port {endpoint['port']}"


def settings_of(workload: dict) -> Iterator[tuple[str, dict]]:
    for container in containers_of(workload):
        yield from ((entry["name"], entry) for entry in container.get("env", []))


@check(
    "every setting is one that the service reads, and those that it needs are there",
    change("a misspelt setting", "Deployment", *CONTAINER, "env", by=lambda env: env.append({"name": "DRAIN_SECOND", "value": "5"})),
    without("a service without its database", "Deployment", *CONTAINER, "env", {"name": "DATABASE_URL"}, "valueFrom"),
    change("a setting that is there twice", "Deployment", *CONTAINER, "env", by=lambda env: env.append(env[0])),
)
def settings(subject: Subject) -> Iterator[str]:
    for place, each, service in deployments(subject):
        told = list(settings_of(each))
        for name in {name for name, _ in told}:
            if name not in service.settings | project.FOR_OTHERS and not project.OF_LIBRARIES.fullmatch(name):
                yield f"{place}: {name} is read by nobody"
            if [other for other, _ in told].count(name) > 1:
                yield f"{place}: {name} is there twice"
        given = {name for name, entry in told if entry.get("value") or "valueFrom" in entry}
        for name in sorted((service.required | {"APP_API_TOKEN"}) - given):
            yield f"{place}: {name} is not there"


@check(
    "each service with a database is migrated by its owner before it starts, and no other",
    no_object("no migrations", "Job"),
    put("a migration that does something else", "Job", *CONTAINER, "args", value=["serve"]),
    without("a migration that is no hook", "Job", "metadata", "annotations", "helm.sh/hook"),
    put("a migration that is never tried again on an upgrade", "Job", "metadata", "annotations", "helm.sh/hook", value="pre-install"),
)
def migrations(subject: Subject) -> Iterator[str]:
    for rendering, objects in subject.renderings.items():
        migrated = set()
        for job in (each for each in objects if each["kind"] == "Job"):
            container = pod_of(job)["spec"]["containers"][0]
            words = [*container.get("command", []), *container.get("args", [])]
            if "migrate" not in words:
                yield f"{rendering}: Job {job['metadata']['name']} runs {words}, which is no migration"
                continue
            app_id = re.sub(r".*/", "", container["image"]).split(":")[0].split("@")[0]
            migrated.add(app_id)
            hooks = set(job["metadata"].get("annotations", {}).get("helm.sh/hook", "").split(","))
            if hooks != {"pre-install", "pre-upgrade"}:
                yield f"{rendering}: the migration of {app_id} runs at {hooks}"
            if "DATABASE_URL_DIRECT" not in dict(settings_of(job)):
                yield f"{rendering}: the migration of {app_id} is not told DATABASE_URL_DIRECT"
        for app_id in sorted(migrated ^ {each.app_id for each in project.services().values() if each.stores}):
            yield f"{rendering}: {app_id} has a migration or a database, not both"

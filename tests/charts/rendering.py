"""What Helm makes of the charts, whatever is in it."""

from collections import Counter
from collections.abc import Iterator

import project
from checks import Mistake, change, check, in_file, put
from subject import Subject, documents


def twice(subject: Subject) -> None:
    objects = subject.renderings["minimal"]
    objects.append(objects[0])


@check(
    "the same values make the same objects, each once, with the labels by which they are found",
    in_file("a name that is made up", "charts/service/templates/_objects.tpl", "automountServiceAccountToken: false",
            "automountServiceAccountToken: false\nimagePullSecrets: [{name: {{ randAlphaNum 8 }}}]"),
    Mistake("an object twice", twice),
    put("an object that belongs to nothing", "Service", "metadata", "labels", value={"app": "api"}),
    put("an object in another namespace", "Service", "metadata", "namespace", value="default"),
)  # fmt: skip
def same(subject: Subject) -> Iterator[str]:
    first, second = (subject.template("--values", subject.values["everything"]).stdout for _ in range(2))
    if documents(first) != documents(second):
        yield "everything: another rendering of the same values is another"
    for rendering, objects in subject.renderings.items():
        names = Counter((each["kind"], each["metadata"]["name"]) for each in objects)
        for (kind, name), count in names.items():
            if count > 1:
                yield f"{rendering}: {kind} {name} is there {count} times"
    for place, each in subject.objects():
        labels = each["metadata"].get("labels", {})
        for name in ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "helm.sh/chart"):
            if name not in labels:
                yield f"{place}: has no label {name}"
        if labels.get("app.kubernetes.io/part-of") != "tidings":
            yield f"{place}: is not part of tidings"
        if "namespace" in each["metadata"]:
            yield f"{place}: is always in namespace {each['metadata']['namespace']}, whatever the release is in"


@check(
    "each service can be left out, and then nothing of it is there",
    in_file("a service that is always there", "charts/tidings/Chart.yaml", ", condition: audit-service.enabled", ""),
)
def left_out(subject: Subject) -> Iterator[str]:
    for app_id in project.services():
        done = subject.template("--values", subject.values["everything"], "--set", f"{app_id}.enabled=false")
        if done.returncode:
            yield f"without {app_id}: {done.stderr}"
        for each in documents(done.stdout):
            if each["metadata"]["name"].startswith(app_id):
                yield f"without {app_id}: {each['kind']} {each['metadata']['name']} is there"


@check(
    "a Deployment has its own pods and no others, never fewer than it should, without a token",
    put("a Deployment that takes the pods of another", "Deployment", "spec", "selector", "matchLabels", value={"app.kubernetes.io/part-of": "tidings"}),
    put("a rolling update that has fewer pods", "Deployment", "spec", "strategy", "rollingUpdate", "maxUnavailable", value=1),
    change("a pod that keeps a token", "Deployment", "spec", "template", "spec", by=lambda spec: spec.update(automountServiceAccountToken=True)),
    put("a pod of somebody's account", "Deployment", "spec", "template", "spec", "serviceAccountName", value="default"),
)
def pods(subject: Subject) -> Iterator[str]:
    for rendering, objects in subject.renderings.items():
        templates = [(each["metadata"]["name"], each["spec"]["template"]) for each in objects if each["kind"] in ("Deployment", "Job")]
        accounts = {each["metadata"]["name"] for each in objects if each["kind"] == "ServiceAccount"}
        for each in (each for each in objects if each["kind"] == "Deployment"):
            name, spec = each["metadata"]["name"], each["spec"]
            wanted = spec["selector"]["matchLabels"].items()
            for other, template in templates:
                if (wanted <= template["metadata"]["labels"].items()) != (other == name):
                    yield f"{rendering}: the selector of {name} and the pods of {other}"
            if spec.get("strategy", {}).get("rollingUpdate", {}).get("maxUnavailable") != 0:
                yield f"{rendering}: {name} has fewer pods than it should while it is updated"
            if spec["template"]["spec"].get("serviceAccountName") not in accounts:
                yield f"{rendering}: {name} has no account of its own"
        for name, template in templates:
            if template["spec"].get("automountServiceAccountToken") is not False:
                yield f"{rendering}: the pods of {name} have a token of the API server, for which they have no use"

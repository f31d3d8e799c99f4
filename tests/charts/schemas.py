"""The schemas of everything that the charts and k8s/ contain, as kubeconform reads them.

Each comes from whoever defines it, of the pinned version: Kubernetes from its own OpenAPI document, Dapr, KEDA, the Prometheus
operator and the Gateway API from their definitions of custom resources. They are stricter than an API server, which drops a field that it does not
know without a word: here every such field is a mistake.

What Dapr passes over in silence it is asked for itself: its annotations and the settings of its components.

    schemas.py <folder>     writes <folder>/<group>/<kind>_<version>.json and <folder>/dapr.json,
                            and Dapr's own chart to <folder>/dapr-chart
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DAPR, COMPONENTS = "github.com/dapr/dapr", "github.com/dapr/components-contrib"
OPENAPI = "api/openapi-spec/swagger.json"
# Where each module has its definitions, those that are of use here.
DEFINITIONS = {
    DAPR: ["charts/dapr/crds/*.yaml"],
    "github.com/kedacore/keda/v2": ["config/crd/bases/keda.sh_*.yaml"],
    "github.com/prometheus-operator/prometheus-operator": [
        f"example/prometheus-operator-crd/*_{kind}s.yaml" for kind in ("servicemonitor", "podmonitor", "prometheusrule")
    ],
    "sigs.k8s.io/gateway-api": ["config/crd/standard/*_httproutes.yaml"],
}
# What is written as more than one type, beside what OpenAPI says.
NUMBER_OR_TEXT = {"oneOf": [{"type": "string"}, {"type": "number"}]}
LOOSE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": NUMBER_OR_TEXT,
}
METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def module(folder: Path, path: str, version: str = "") -> Path:
    """Where the files of a module are that a go.mod pins; Go compares them with the go.sum beside it."""
    required = {entry["Path"]: entry["Version"] for entry in json.loads(go(folder, "mod", "edit", "-json"))["Require"]}
    return Path(json.loads(go(folder, "mod", "download", "-json", f"{path}@{version or required[path]}"))["Dir"])


def go(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["go", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"go {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout


def modules() -> dict[str, Path]:
    ours, daprs = ROOT / "scripts/tools/schemas", ROOT / "scripts/dapr"
    found = {path: module(ours, path) for path in ("k8s.io/kubernetes", *DEFINITIONS) if path != DAPR}
    # The version that the project runs with, and of its components the one that it is made with.
    found[DAPR] = module(daprs, DAPR)
    version = re.search(rf"^\s*{COMPONENTS} (\S+)$", (found[DAPR] / "go.mod").read_text(), re.MULTILINE)
    return found | {COMPONENTS: module(daprs, COMPONENTS, version.group(1))}


def of_dapr(found: dict[str, Path]) -> dict:
    """The annotations that its injector reads, and what each component reads of its metadata."""
    annotations = (found[DAPR] / "pkg/injector/annotations/annotations.go").read_text()
    components = {}
    for file in [*found[COMPONENTS].glob("pubsub/kafka/metadata.yaml"), *found[COMPONENTS].glob("secretstores/**/metadata.yaml")]:
        described = yaml.safe_load(file.read_text())
        profiles = [*(described.get("authenticationProfiles") or []), *(described.get("builtinAuthenticationProfiles") or [])]
        entries = [entry for part in [described, *profiles] for entry in part.get("metadata") or []]
        components[f"{described['type']}.{described['name']}"] = sorted({entry["name"] for entry in entries})
    return {"annotations": sorted(set(re.findall(r'"(dapr\.io/[a-z0-9-]+)"', annotations))), "components": components}


def copy_chart(chart: Path, folder: Path) -> None:
    """A copy that can be deleted again: Go keeps modules read-only."""
    for file in (file for file in chart.rglob("*") if file.is_file()):
        target = folder / file.relative_to(chart)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def strict(schema: dict) -> dict:
    """The same schema, which takes no field that it does not name."""
    if schema.get("x-kubernetes-int-or-string"):
        return NUMBER_OR_TEXT
    made = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: strict(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            made[key] = strict(value)
        elif key not in ("description", "default", "format"):
            made[key] = value
    if "properties" in made and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def with_definitions(schema: dict, definitions: dict) -> dict:
    """A schema that stands alone: with every definition that it refers to, and those that they do."""
    needed, new = {}, set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(schema)))
    while new:
        needed |= {name: definitions[name] for name in new}
        new = {name for part in needed.values() for name in re.findall(r'"#/definitions/([^"]+)"', json.dumps(part))}
        new -= needed.keys()
    return schema | {"definitions": needed}


def of_kubernetes(openapi: dict):
    """(group, version, kind, schema) of every kind that an API server has itself."""
    definitions = {name: strict(schema) for name, schema in openapi["definitions"].items()} | LOOSE
    for name, schema in openapi["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            whole = with_definitions(definitions[name], definitions)
            yield kind["group"] or kind["version"], kind["version"], kind["kind"], whole


def of_custom_resources(file: Path, metadata: dict):
    """The same of what a file defines; the metadata is the one of every object."""
    for definition in yaml.safe_load_all(file.read_text()):
        if not definition or definition["kind"] != "CustomResourceDefinition":
            continue
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
            schema["properties"]["metadata"] = {"$ref": f"#/definitions/{METADATA}"}
            yield spec["group"], version["name"], spec["names"]["kind"], with_definitions(schema, metadata)


def write(folder: Path) -> int:
    found = modules()
    openapi = json.loads((found["k8s.io/kubernetes"] / OPENAPI).read_text())
    definitions = {name: strict(schema) for name, schema in openapi["definitions"].items()} | LOOSE
    schemas = list(of_kubernetes(openapi))
    for path, files in DEFINITIONS.items():
        for file in [file for pattern in files for file in sorted(found[path].glob(pattern))]:
            schemas += of_custom_resources(file, definitions)
    for group, version, kind, schema in schemas:
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / f"{kind.lower()}_{version}.json").write_text(json.dumps(schema, sort_keys=True))
    copy_chart(found[DAPR] / "charts/dapr", folder / "dapr-chart")
    (folder / "dapr.json").write_text(json.dumps(of_dapr(found), indent=1))
    return len(schemas)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} schemas")

"""What is checked: a copy of the charts and of k8s/, what Helm makes of them, and ways to break it."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = "1.36.3"
# Where it is installed in the renderings; k8s/ has the same name.
NAMESPACE = "tidings"
# What is rendered of the umbrella, each with the values of a file.
RENDERINGS = {
    "minimal": "tests/charts/values/minimal.yaml",
    "minikube": "charts/tidings/values-minikube.yaml",
    "production": "charts/tidings/values-production.yaml",
    "everything": "tests/charts/values/everything.yaml",
}


class NotThere(Exception):
    """What is to be looked at cannot be made, or what is to be broken is not there."""


def run(*command: str | Path, stdin: str | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, cwd=cwd, check=False)
    except FileNotFoundError as why:
        raise NotThere(f"{command[0]} is not on PATH: tests/charts/run makes it") from why


def documents(text: str) -> list[dict]:
    try:
        return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]
    except yaml.YAMLError as why:
        raise NotThere(f"this is no YAML: {why}") from why


class Subject:
    """The charts in a folder of their own, which may be written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.charts = folder / "charts"
        self.values = {name: (ROOT if file.startswith("tests/") else folder) / file for name, file in RENDERINGS.items()}

    @classmethod
    def of_the_project(cls) -> Subject:
        subject = cls(Path(tempfile.mkdtemp(dir=os.environ["CHECK_PLACE"])))
        for part in ("charts", "components", "k8s"):
            shutil.copytree(ROOT / part, subject.folder / part, symlinks=True)
        (subject.folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/charts", subject.folder / "scripts")
        return subject.prepared()

    def prepared(self) -> Subject:
        """With the dependencies of each chart in their places, as the project's own script puts them."""
        done = run(self.folder / "scripts/charts", cwd=self.folder)
        if done.returncode:
            raise NotThere(f"scripts/charts: {done.stderr or done.stdout}")
        return self

    def copied(self) -> Subject:
        """Another one, with the same renderings where they were made already."""
        other = Subject(Path(tempfile.mkdtemp(dir=os.environ["CHECK_PLACE"])))
        shutil.copytree(self.folder, other.folder, symlinks=True, dirs_exist_ok=True)
        for made in ("renderings", "manifests"):
            setattr(other, made, copy.deepcopy(getattr(self, made)))
        return other

    def template(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        """The umbrella with some values, on the Kubernetes that everything is held to."""
        return run(
            "helm", "template", "tidings", self.charts / "tidings", "--namespace", NAMESPACE,
            "--kube-version", KUBERNETES, "--include-crds", *options, cwd=self.folder,
        )  # fmt: skip

    @cached_property
    def renderings(self) -> dict[str, list[dict]]:
        """Every object that is installed with the values of each file."""
        made = {}
        for name, values in self.values.items():
            done = self.template("--values", values)
            if done.returncode:
                raise NotThere(f"helm template --values {RENDERINGS[name]}: {done.stderr}")
            made[name] = documents(done.stdout)
        return made

    @cached_property
    def manifests(self) -> dict[str, list[dict]]:
        """Every object in the files of k8s/: other files, such as values for Helm, are none."""
        found = {}
        for file in sorted((self.folder / "k8s").rglob("*.yaml")):
            objects = documents(file.read_text())
            if all("kind" in each and "apiVersion" in each for each in objects):
                found[str(file.relative_to(self.folder))] = objects
        return found

    def manifests_in(self, folder: str) -> list[dict]:
        """Every object of a part of k8s/."""
        return [each for file, objects in self.manifests.items() if file.startswith(folder + "/") for each in objects]

    def objects(self, *kinds: str) -> Iterator[tuple[str, dict]]:
        """Every object of these kinds that the charts make, each with where it is: `production: Deployment backend-api`."""
        for name, rendered in self.renderings.items():
            for each in rendered:
                if not kinds or each["kind"] in kinds:
                    yield f"{name}: {each['kind']} {each['metadata']['name']}", each


def pod_of(workload: dict) -> dict:
    """The template of the pods that a Deployment, StatefulSet or Job makes."""
    return workload["spec"]["template"]


def containers_of(workload: dict) -> list[dict]:
    spec = pod_of(workload)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]

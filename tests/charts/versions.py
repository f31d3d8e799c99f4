"""What is run beside Tidings is of one version wherever it is named. (daprd as it is built for tests is that of scripts/dapr/go.mod.)"""

import re
from collections.abc import Iterator

from checks import check, in_file
from subject import ROOT, Subject

DAPR, TO_TRY, OPERATOR = "k8s/dapr/version", "k8s/redpanda/kustomization.yaml", "k8s/redpanda-operator/redpanda.yaml"
# Where a version stands in a file of the project.
DAPR_NAMED = {"compose.yaml": r"daprio/\w+:(\S+)", "docs/DEPLOY.md": r"\*\*Dapr\*\* (\S+) or newer"}
REDPANDA_NAMED = {"compose.yaml": r"redpandadata/redpanda:(\S+)", OPERATOR: r"tag: (\S+)"}


def others(subject: Subject, named: dict[str, str], version: str) -> Iterator[str]:
    for file, pattern in named.items():
        text = ((subject.folder if file.startswith("k8s/") else ROOT) / file).read_text()
        found = set(re.findall(pattern, text))
        if found != {version}:
            yield f"{file} has {', '.join(sorted(found)) or 'none'}, and k8s/ has {version}"


@check(
    "Dapr and Redpanda are of one version each",
    in_file("another Dapr", DAPR, "1.", "2."),
    in_file("another Redpanda to try with", TO_TRY, "newTag: v", "newTag: v1"),
    in_file("another Redpanda in production", OPERATOR, "tag: v", "tag: v1"),
)
def versions(subject: Subject) -> Iterator[str]:
    yield from others(subject, DAPR_NAMED, (subject.folder / DAPR).read_text().strip())
    tag = re.search(r"newTag: (\S+) ", (subject.folder / TO_TRY).read_text())
    yield from others(subject, REDPANDA_NAMED, tag.group(1) if tag else "none")

"""k8s/make-secret, run again with other settings and a kubectl that keeps one Secret in a file."""

import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from checks import check, in_file
from subject import Subject, run

SCRIPT = "k8s/make-secret"
PASSWORDS = [f"{schema}_PASSWORD=of-{schema.lower()}" for schema in ("CORE", "AUDIT", "NOTIFICATION", "RECURRING")]
DIRECT, POOLED, MOVED = (f"postgres://owner:secret@{host}/tidings?sslmode=verify-full" for host in ("direct", "pooler", "elsewhere"))

# Answers what the script asks: `get secret` of a key or of all, and `create … --from-file`, whose object `apply` takes.
KUBECTL = """\
import base64, json, pathlib, re, sys
kept, words = pathlib.Path(sys.argv[1]), " ".join(sys.argv[2:])
if words.startswith("create secret"):
    folder = pathlib.Path(re.search(r"--from-file=(\\S+)", words)[1])
    print(json.dumps({"data": {file.name: base64.b64encode(file.read_bytes()).decode() for file in folder.iterdir()}}))
elif words.startswith("apply"):
    kept.write_text(sys.stdin.read())
elif words.startswith("get secret") and kept.exists():
    key = re.search(r'index .data "(\\w+)"', words)
    data = json.loads(kept.read_text())["data"]
    print(base64.b64decode(data.get(key[1], "")).decode() if key else json.dumps({"data": data}), end="")
"""


def made(subject: Subject, kept: Path, *settings: str) -> dict[str, str]:
    """The Secret after the script was run with these settings and no others, or what it said."""
    kubectl = kept.with_suffix(".py")
    kubectl.write_text(KUBECTL)
    own = [f"KUBECTL={sys.executable} {kubectl} {kept}", "ROLES=made", *PASSWORDS]
    done = run("env", "-i", f"PATH={os.environ['PATH']}", *own, *settings, subject.folder / SCRIPT)
    if done.returncode:
        return {"refused": done.stderr.strip()}
    return {key: base64.b64decode(value).decode() for key, value in json.loads(kept.read_text())["data"].items()}


@check(
    "k8s/make-secret keeps what the Secret has",
    in_file("addresses past the pooler", SCRIPT, "    pooled=$old_pooled\n", ""),
    in_file("a database that moved, and services that did not", SCRIPT, "set DATABASE_URL too", "the old ones stay"),
    in_file("other keys of tokens", SCRIPT, '"${value:-$(openssl', '"${none:-$(openssl'),
)
def kept(subject: Subject) -> Iterator[str]:
    place = subject.folder / "secret.json"
    place.unlink(missing_ok=True)
    first = made(subject, place, f"DATABASE_URL_DIRECT={DIRECT}", f"DATABASE_URL={POOLED}")
    pooled = "postgres://tidings_core:of-core@pooler/tidings?sslmode=verify-full"
    if first.get("DATABASE_URL_CORE") != pooled:
        yield f"first: {first.get('refused', first.get('DATABASE_URL_CORE'))}"
    for settings in ((), (f"DATABASE_URL_DIRECT={DIRECT}",)):
        again = made(subject, place, "SMTP_URL=smtps://mail", *settings)
        for key, value in (first | {"SMTP_URL": "smtps://mail"}).items():
            if again.get(key) != value:
                yield f"again with {settings or 'nothing else'}: {key} is {again.get(key)}, {again.get('refused', '')}"
    moved = made(subject, place, f"DATABASE_URL_DIRECT={MOVED}")
    if "set DATABASE_URL too" not in moved.get("refused", ""):
        yield f"a database that moved: {moved.get('refused', moved.get('DATABASE_URL_CORE'))}"
    without = made(subject, place, f"DATABASE_URL_DIRECT={MOVED}", f"DATABASE_URL={MOVED}")
    if without.get("DATABASE_URL_CORE") != "postgres://tidings_core:of-core@elsewhere/tidings?sslmode=verify-full":
        yield f"no pooler any more: {without.get('refused', without.get('DATABASE_URL_CORE'))}"

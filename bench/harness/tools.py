"""The programs that the bench runs, built or fetched where they are missing."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.machine import ROOT

CACHE = Path(os.environ.get("TIDINGS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidings")
K6 = "go.k6.io/k6@v1.8.1"


class Missing(Exception):
    """A program that cannot be had here, and what to do."""


@dataclass(frozen=True)
class Programs:
    """Where they are. Without k6 or pgbench, their rows say so."""

    tidings: Path
    backend_api: Path
    load: Path
    baseline: Path
    k6: Path | None
    pgbench: Path | None
    psql: Path


def prepare() -> Programs:
    built = build()
    psql = postgres_program("psql")
    if psql is None:
        raise Missing("psql was not found: install PostgreSQL with its client programs, such as apt install postgresql")
    return Programs(
        tidings=built / "tidings",
        backend_api=built / "backend-api",
        load=built / "bench-load",
        baseline=baseline(),
        k6=k6(),
        pgbench=postgres_program("pgbench"),
        psql=psql,
    )


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def build() -> Path:
    """Builds the product and the load as they are used: in release."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target").absolute()
    say("building")
    names = ["tidings", "backend-api", "audit-service", "notification-service", "recurring-task-service", "websocket-service", "bench-load"]
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--workspace", *(word for name in names for word in ("--bin", name))]
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(target)}, check=False)
    except FileNotFoundError as error:
        raise Missing("cargo was not found: install Rust from https://rustup.rs") from error
    if done.returncode:
        raise Missing("the build failed, see above")
    return target / "release"


def real_sidecars() -> None:
    """daprd, its scheduler and Kafka, of which the launcher knows where they are."""
    if subprocess.run([ROOT / "scripts/dapr-tools"], stdout=subprocess.DEVNULL, check=False).returncode:
        raise RuntimeError("the real sidecars and their broker are not here: ./scripts/dapr-tools says what is missing")


def baseline() -> Path:
    """The Python environment of the baseline, with exactly the versions of its requirements."""
    place, wanted = CACHE / "tools/bench-baseline", ROOT / "bench/baseline/requirements.txt"
    installed = place / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        say("installing what the baseline needs")
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [place / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "--requirement", wanted], check=False).returncode:
            raise Missing("the packages of the baseline could not be installed, see above")
        shutil.copyfile(wanted, installed)
    return place / "bin/python"


def k6() -> Path | None:
    found = shutil.which("k6", path=f"{CACHE / 'tools/bin'}:{os.environ['PATH']}")
    if found is None and shutil.which("go"):
        say("building k6")
        subprocess.run(["go", "install", K6], env={**os.environ, "GOBIN": str(CACHE / "tools/bin")}, check=False)
        found = shutil.which("k6", path=str(CACHE / "tools/bin"))
    return Path(found) if found else None


def postgres_program(name: str) -> Path | None:
    """One of Postgres's programs; Debian keeps them where they are not found by name."""
    own = os.environ.get("POSTGRES_BIN")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name), reverse=True)
    places = [*([Path(own)] if own else []), *debian]
    beside = next((place / name for place in places if (place / name).exists()), None)
    found = shutil.which(name)
    return beside or (Path(found) if found else None)


def version(program: Path, *words: str) -> str:
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"

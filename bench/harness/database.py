"""The Postgres server that all peers share, each with a database of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from harness.machine import ROOT
from harness.processes import Server, environment
from harness.tools import Programs

# Beside what Postgres takes by itself; it writes as durably as ever.
SETTINGS = ["max_connections=200"]

# Of each user: enough that a page of a list is full.
SEEDED = 100


class Postgres:
    """A server on the servers' core."""

    def __init__(self, programs: Programs, core: int, place: Path) -> None:
        self.programs = programs
        settings = [word for setting in SETTINGS for word in ("--set", setting)]
        command = [programs.load, "postgres", "--data", place / "postgres", *settings]
        self.server = Server(core, command, place / "postgres.out", environment())
        told: list[dict[str, Any]] = []

        def ready() -> bool:
            lines = self.server.log.read_text().splitlines()
            told.extend(json.loads(line) for line in lines if line.startswith("{"))
            return bool(told)

        self.server.wait_until(ready, "Postgres")
        self.address = urlsplit(told[0]["url"])
        # PgBouncer's, in transaction mode, on the servers' core; None where it is not installed.
        self.pooler_port: int | None = told[0]["pooler_port"]

    def url(self, database: str, role: str | None = None, password: str = "", port: int | None = None) -> str:
        user = f"{role}:{quote(password)}" if role else self.address.netloc.rpartition("@")[0]
        return f"postgres://{user}@{self.address.hostname}:{port or self.address.port}/{database}"

    def cpu(self) -> float:
        return self.server.cpu()

    def ask(self, database: str, sql: str) -> list[str]:
        """The first column of each row."""
        command = [self.programs.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url(database)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{sql[:200]}: {done.stderr}")
        return done.stdout.split()

    def number(self, database: str, sql: str) -> int:
        return int(self.ask(database, sql)[0])

    def run_file(self, database: str, file: Path) -> None:
        self.ask(database, file.read_text())

    def copy(self, source: str, target: str) -> None:
        self.ask("postgres", f"CREATE DATABASE {target} TEMPLATE {source}")

    def seed(self, database: str) -> None:
        """Gives each user of the system a list of tasks."""
        self.ask(database, (ROOT / "bench/pgbench/tasks.sql").read_text().replace(":count", str(SEEDED)))

    def tidy(self) -> None:
        """Cleans up after the rows before: autovacuum would do it during the next ones, at half a core."""
        for database in self.ask("postgres", "SELECT datname FROM pg_database WHERE datallowconn"):
            self.ask(database, "VACUUM (ANALYZE)")

    def settle(self) -> None:
        """So that no run pays for what the one before it wrote."""
        self.ask("postgres", "CHECKPOINT")

    def stop(self) -> None:
        self.server.stop()

"""What all rows share: the place, the database, the tokens, and the peers, each started when it is first asked for."""

import argparse
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.database import Postgres
from harness.peers import COMMON, Alone, Baseline, System
from harness.processes import Server, environment, run_json
from harness.tools import Programs

USERS = 1000

# backend-api by itself, by how it sends its statements: cached, unnamed, and unnamed through PgBouncer. A database each.
ALONE = ("alone", "unnamed", "pooled")


class Bench:
    """A run of the bench."""

    def __init__(self, given: argparse.Namespace, programs: Programs) -> None:
        self.given, self.programs = given, programs
        self.runs, self.quick = given.runs, given.quick
        # Not /tmp, which may be memory: what is written durably is part of the figures.
        self.place = Path(tempfile.mkdtemp(prefix="tidings-bench-", dir="/var/tmp"))
        # Postgres does not run as root, and must reach its directory.
        self.place.chmod(0o711)
        self.started: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for one in reversed(self.started):
            one.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    @property
    def server_core(self) -> int:
        return self.given.server_core

    @property
    def both_cores(self) -> str:
        """As taskset takes them."""
        return f"{self.server_core},{self.given.load_core}"

    @property
    def offset(self) -> int:
        return self.given.port_offset

    def keep(self, started: Any) -> Any:
        self.started.append(started)
        return started

    def seconds(self, full: int) -> int:
        return min(full, 2) if self.quick else full

    def load(self, *words: Any, patience: float = 600) -> dict[str, Any]:
        """Runs a measurement of `bench-load` on the load's core."""
        return run_json(self.given.load_core, [self.programs.load, *words], environment(**COMMON), patience)

    @cached_property
    def tokens(self) -> Path:
        file = self.place / "tokens.json"
        self.load("tokens", "--users", USERS, "--out", file)
        return file

    @cached_property
    def postgres(self) -> Postgres:
        return self.keep(Postgres(self.programs, self.server_core, self.place))

    @cached_property
    def system(self) -> System:
        """The whole system with 1,000 users who have tasks; the databases of backend-api alone and of pgbench are its copies."""
        self.postgres.ask("postgres", "CREATE DATABASE tidings")
        system = System(self.programs, self.server_core, self.place / "tidings", self.offset, self.postgres)
        self.keep(Current(system))
        self.see(system.base)
        # A database is copied while nobody uses it.
        system.server.stop()
        self.postgres.seed("tidings")
        for copy in (*ALONE, "pgbench"):
            self.postgres.copy("tidings", copy)
        self.postgres.run_file("pgbench", Path(__file__).parents[1] / "pgbench/users.sql")
        system.start()
        self.see(system.base)
        return system

    @cached_property
    def alone(self) -> Alone:
        return self.start_alone("alone")

    @cached_property
    def unnamed(self) -> Alone:
        return self.start_alone("unnamed", statements="unnamed")

    @cached_property
    def pooled(self) -> Alone:
        return self.start_alone("pooled", statements="unnamed", through=self.postgres.pooler_port)

    def start_alone(self, name: str, statements: str = "cached", through: int | None = None) -> Alone:
        url = self.postgres.url(name, "tidings_core", self.system.secret("database_password_core"), through)
        database = {"DATABASE_URL": url, "DATABASE_STATEMENTS": statements}
        port = 8700 + 10 * ALONE.index(name) + self.offset
        alone = Alone(self.programs, self.server_core, self.place, port, name, database)
        self.keep(alone.server)
        self.see(alone.base)
        return alone

    @cached_property
    def baseline(self) -> Baseline:
        self.postgres.ask("postgres", "CREATE DATABASE baseline")
        cores = (self.server_core, self.given.load_core)
        baseline = Baseline(self.programs, *cores, self.place, self.offset, self.postgres, self.tokens)
        self.keep(baseline)
        sql = """INSERT INTO tasks (id, user_id, title, description, completed, priority, tags, created_at, updated_at)
            SELECT gen_random_uuid(), 'bench-' || u, 'Water the plants ' || n, 'All of them, also the one behind the curtain that '
              'everybody forgets until it looks sad.', false, 'medium', '["garden", "home"]', made, made
            FROM generate_series(1000, 1999) AS u, generate_series(1, 100) AS n,
              LATERAL (SELECT now() - n * interval '1 minute' AS made) AS at"""
        self.postgres.ask("baseline", sql)
        self.postgres.ask("baseline", "ANALYZE")
        self.see(baseline.base)
        return baseline

    def see(self, base: str) -> None:
        """Every user's first request: users appear, tokens, connections and plans are remembered."""
        self.load("http", "--base", base, "--tokens", self.tokens, "--kind", "see")

    def peer(self, name: str) -> System | Alone | Baseline:
        """system, one of ALONE or baseline, started when it is first asked for."""
        return getattr(self, name)

    def servers(self, *peers: str) -> list[Server]:
        """The servers of those peers that run."""
        found: list[Server] = []
        for peer in peers:
            if peer in self.__dict__:
                one = self.__dict__[peer]
                found += [one.server] + ([one.audit, one.sidecar] if isinstance(one, Baseline) else [])
        return found

    def only(self, *peers: str) -> None:
        """Lets these run, and holds the others still, so that they take nothing from them."""
        for server in self.servers("system", *ALONE, "baseline"):
            server.pause()
        for server in self.servers(*peers):
            server.resume()
        self.postgres.settle()


class Current:
    """Stops whatever process the system has in the end: rows start it anew."""

    def __init__(self, system: System) -> None:
        self.system = system

    def stop(self) -> None:
        self.system.server.stop()

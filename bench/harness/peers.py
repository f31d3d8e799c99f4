"""The peers: the whole system, backend-api by itself, and the baseline. Each can be started, paused and stopped."""

import json
import os
from pathlib import Path

from harness.database import SEEDED, Postgres
from harness.machine import ROOT
from harness.processes import Server, answers, environment, until
from harness.tools import Programs

# What stands for the secret of a data directory, so that one set of tokens is good everywhere.
SECRET = "the secret of the bench, of which nothing is kept"
ISSUER = "http://bench"
COMMON = {"AUTH_SECRET": SECRET, "AUTH_ISSUER": ISSUER, "RUST_LOG": "error"}

# No limit is to be measured but the machine's.
LIMITS = {
    "RATE_LIMIT_PER_USER": "off",
    "RATE_LIMIT_PER_ADDRESS": "off",
    "RATE_LIMIT_SIGN_IN": "off",
    "MAX_SOCKETS_PER_USER": "20000",
    "MAX_UNAUTHENTICATED_SOCKETS": "20000",
}


class System:
    """`tidings up`: every service and the sidecars in one process."""

    database = "tidings"
    words: tuple[str, ...] = ()
    # Tasks that each user had from the start, of which there was no event.
    seeded = SEEDED

    def __init__(self, programs: Programs, core: int | str, place: Path, offset: int, postgres: Postgres | None) -> None:
        self.programs, self.core, self.place, self.offset, self.postgres = programs, core, place, offset, postgres
        self.base = f"http://127.0.0.1:{8000 + offset}"
        self.socket_port = 8005 + offset
        self.start()

    def start(self) -> None:
        variables = COMMON | LIMITS | {"TIDINGS_PROJECT": str(ROOT)}
        if self.postgres:
            variables["DATABASE_URL"] = self.postgres.url(self.database)
        command = [self.programs.tidings, "up", "--data-dir", self.place, "--port-offset", self.offset, *self.words]
        log = self.place.with_suffix(".log")
        log.write_text("")
        self.server = Server(self.core, command, log, environment(**variables))
        self.server.wait_until(lambda: "Tidings is ready" in log.read_text(), "tidings", pause=0.01)

    def secret(self, name: str) -> str:
        return json.loads((self.place / "secrets.json").read_text())[name]

    def behind(self) -> int:
        """Tasks of which the audit trail does not know yet, beside those that were there from the start."""
        assert self.postgres
        sql = f"""SELECT (SELECT count(*) FROM core.tasks) - (SELECT count(*) FROM audit.entries WHERE event_type = 'task.created')
            - {self.seeded} * (SELECT count(*) FROM core.users WHERE id LIKE 'bench-%')"""
        return self.postgres.number(self.database, sql)

    def drain(self, patience: float = 300) -> None:
        """Waits until every task is in the audit trail."""
        until(lambda: self.behind() == 0, "the delivery of every event", patience, 0.2)


class Distributed(System):
    """`tidings up --distributed`: a process for each service, each with a daprd, on a Kafka broker."""

    database = "distributed"
    words = ("--distributed",)
    # Its database begins empty.
    seeded = 0

    @property
    def grpc_port(self) -> int:
        """Of backend-api's daprd."""
        return 13_500 + self.offset

    def signal(self, part: str, number: int) -> None:
        os.kill(int((self.place / f"run/{part}.pid").read_text()), number)


class Alone:
    """backend-api in a process of its own, with no sidecar: its outbox grows, its answers do not wait."""

    def __init__(self, programs: Programs, core: int, place: Path, port: int, name: str, database: dict[str, str]) -> None:
        self.base = f"http://127.0.0.1:{port}"
        # The ports of its sidecar: nobody listens there.
        ports = {"PORT": str(port), "DAPR_HTTP_PORT": str(port + 1), "DAPR_GRPC_PORT": str(port + 2)}
        variables = COMMON | LIMITS | ports | database
        self.server = Server(core, [programs.backend_api], place / f"{name}.log", environment(**variables))
        self.server.wait_until(lambda: answers(f"{self.base}/livez"), "backend-api")


class Baseline:
    """The build of 001: its backend and its audit service, and a stand-in for the sidecar on the load's core."""

    def __init__(
        self, programs: Programs, core: int, load_core: int, place: Path, offset: int, postgres: Postgres, tokens: Path
    ) -> None:
        self.programs, self.core, self.place = programs, core, place
        self.backend_port, audit, self.standin = 8710 + offset, 8711 + offset, 8712 + offset
        self.base = f"http://127.0.0.1:{self.backend_port}"
        deliver = ["--deliver-to", f"http://127.0.0.1:{audit}/events/task-events"]
        command = [programs.load, "sidecar", "--port", self.standin, "--tokens", tokens, *deliver]
        self.sidecar = Server(load_core, command, place / "sidecar.log", environment())
        self.sidecar.wait_until(lambda: answers(f"http://127.0.0.1:{self.standin}/told"), "the stand-in of the sidecar")
        self.variables = {
            "DATABASE_URL": postgres.url("baseline"),
            "DAPR_HTTP_ENDPOINT": f"http://127.0.0.1:{self.standin}",
            "JWKS_URL": f"http://127.0.0.1:{self.standin}/jwks",
            "AUTH_ISSUER": ISSUER,
        }
        self.start()
        self.audit = self.uvicorn("audit", audit)

    def start(self) -> None:
        self.server = self.uvicorn("backend", self.backend_port)

    def uvicorn(self, module: str, port: int) -> Server:
        # One worker: the servers have one core.
        options = ["--port", port, "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        command = [self.programs.baseline, "-O", "-m", "uvicorn", f"{module}:app", *options]
        env = environment(**self.variables, PYTHONDONTWRITEBYTECODE="1")
        server = Server(self.core, command, self.place / f"{module}.log", env, ROOT / "bench/baseline")
        server.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), f"the baseline's {module}")
        return server

    def stop(self) -> None:
        for server in (self.server, self.audit, self.sidecar):
            server.stop()

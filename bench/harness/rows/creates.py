"""Creating tasks, closed loop: the same writes by pgbench, by backend-api alone, by the whole system, and by the baseline."""

import re
import time
from typing import Any

from harness.bench import USERS, Bench
from harness.figures import Row, busy, column, median, number, spread, take_turns
from harness.machine import ROOT
from harness.processes import environment, run

CONNECTIONS = 32


def creates(bench: Bench) -> list[Row]:
    bench.system, bench.alone, bench.baseline
    peers = ["pgbench", "alone", "system", "baseline"]
    if bench.programs.pgbench is None:
        peers.remove("pgbench")
    measured = take_turns(peers, bench.runs, lambda peer: measure(bench, peer, USERS))
    alone, system, baseline = measured["alone"], measured["system"], measured["baseline"]
    rows = [against_pgbench("creates, backend-api alone", measured, limit=60)]
    whole = Row(
        "creates, the whole system, delivering meanwhile",
        f"{spread(column(system, 'per_second'))}/s",
        beside=f"baseline {spread(column(baseline, 'per_second'))}/s",
        notes=[
            f"delivery of the rest took {spread(column(system, 'drained_after'), ' s')} after the load ended",
            *busy({"system": system, "baseline": baseline}),
        ],
    )
    return [*rows, whole, *efficiency(alone, system, baseline), *postgres_cpu(measured), answers(measured)]


def one_workspace(bench: Bench) -> list[Row]:
    """The writes of one workspace wait for each other: they share a counter."""
    bench.alone
    peers = ["pgbench", "alone"] if bench.programs.pgbench else ["alone"]
    measured = take_turns(peers, bench.runs, lambda peer: measure(bench, peer, 1))
    return [against_pgbench("creates in one workspace, backend-api alone", measured)]


def against_pgbench(name: str, measured: dict[str, list[dict[str, Any]]], limit: int | None = None) -> Row:
    shown = {peer: runs for peer, runs in measured.items() if peer in ("alone", "pgbench")}
    ours, pgbench = measured["alone"], measured.get("pgbench")
    figure = f"{spread(column(ours, 'per_second'))}/s"
    row = Row(name, figure, limit=f"≥ {limit} % of pgbench" if limit else "–", notes=busy(shown))
    if pgbench:
        share = 100 * median(column(ours, "per_second")) / median(column(pgbench, "per_second"))
        row.figure += f", {number(share)} % of pgbench"
        row.beside = f"pgbench, the same statement: {spread(column(pgbench, 'per_second'))}/s"
        row.reached = share >= limit if limit else None
    else:
        row.beside = "pgbench is not installed"
    return row


def efficiency(alone: list[dict[str, Any]], system: list[dict[str, Any]], baseline: list[dict[str, Any]]) -> list[Row]:
    """CPU time of the services' processes for 1,000 creates, without Postgres's; delivery included for the whole system."""
    def row(name: str, ours: list[float], theirs: list[float], what: str, limit: int | None = None) -> Row:
        times = median(theirs) / median(ours)
        figure = f"{spread(ours, ' s')}, {number(times)}× less"
        reached = times >= limit if limit else None
        return Row(name, figure, f"≥ {limit}× less" if limit else "–", f"{what} {spread(theirs, ' s')}", reached)

    whole = [one["cpu"] + one["audit_cpu"] for one in baseline]
    return [
        row("CPU for 1,000 creates, backend-api alone", column(alone, "cpu"), column(baseline, "cpu"), "baseline's backend", limit=10),
        row("CPU for 1,000 creates, delivered and audited", column(system, "cpu"), whole, "baseline's backend and audit, without its sidecar"),
    ]


def postgres_cpu(measured: dict[str, list[dict[str, Any]]]) -> list[Row]:
    each = [f"{peer} {spread(column(runs, 'postgres_cpu'), ' s')}" for peer, runs in measured.items() if peer != "system"]
    return [Row("CPU of Postgres for 1,000 creates, whole system", f"{spread(column(measured['system'], 'postgres_cpu'), ' s')}", beside="; ".join(each))]


def answers(measured: dict[str, list[dict[str, Any]]]) -> Row:
    def latency(peer: str) -> str:
        runs = measured[peer]
        return f"p50 {spread([run['latency']['p50'] for run in runs])}, p99 {spread([run['latency']['p99'] for run in runs], ' ms')}"

    return Row(f"time of an answer with {CONNECTIONS} connections, whole system", latency("system"), beside=f"baseline {latency('baseline')}")


def measure(bench: Bench, peer: str, users: int) -> dict[str, Any]:
    if peer == "pgbench":
        return pgbench(bench, users)
    bench.only(peer)
    one = bench.peer(peer)
    audit = bench.baseline.audit if peer == "baseline" else None
    before = (one.server.cpu(), audit.cpu() if audit else 0.0, bench.postgres.cpu())
    options = ["--users", users, "--connections", CONNECTIONS, "--seconds", bench.seconds(10), "--warm-up", bench.seconds(2)]
    measured = bench.load("http", "--base", one.base, "--tokens", bench.tokens, "--kind", "create", *options)
    ended = time.monotonic()
    if peer == "system":
        bench.system.drain()
    elif peer == "baseline":
        wait_for_audit(bench)
    measured["drained_after"] = time.monotonic() - ended
    after = (one.server.cpu(), audit.cpu() if audit else 0.0, bench.postgres.cpu())
    thousands = measured["answered"] / 1000
    for name, first, last in zip(("cpu", "audit_cpu", "postgres_cpu"), before, after, strict=True):
        measured[name] = (last - first) / thousands
    return measured


def wait_for_audit(bench: Bench) -> None:
    """Waits until the audit service of the baseline stays as it is."""
    seen, last = -1, bench.postgres.number("baseline", "SELECT count(*) FROM audit_log")
    while seen != last:
        time.sleep(1)
        seen, last = last, bench.postgres.number("baseline", "SELECT count(*) FROM audit_log")


def pgbench(bench: Bench, users: int) -> dict[str, Any]:
    """The product's statement without the product; what is stored is counted."""
    bench.only()
    folder = ROOT / "bench/pgbench"
    statement = (folder / "statement.sql").read_text().strip()
    script = bench.place / "create_task.sql"
    script.write_text((folder / "create_task.sql").read_text().replace("{statement}", statement))
    known = bench.postgres.number("pgbench", "SELECT count(*) FROM core.outbox")
    # Each transaction has a number of its own, also in the next run.
    variables = {"prepared": 0, "k": 0, "base": 100_000_000_000 + known * 1000, "users": users}
    defined = [f"--define={name}={value}" for name, value in variables.items()]
    seconds = bench.seconds(10) + bench.seconds(2)
    options = ["--no-vacuum", f"--client={CONNECTIONS}", "--jobs=1", f"--time={seconds}", f"--file={script}", *defined]
    url = bench.postgres.url("pgbench", "tidings_core", bench.system.secret("database_password_core"))
    before = bench.postgres.cpu()
    printed, load_busy = run(bench.given.load_core, [bench.programs.pgbench, *options, url], environment())
    used = bench.postgres.cpu() - before
    stored = bench.postgres.number("pgbench", "SELECT count(*) FROM core.outbox") - known
    processed = int(re.search(r"actually processed: (\d+)", printed)[1])
    if not stored == processed > 0:
        raise RuntimeError(f"pgbench stored {stored} events in {processed} transactions")
    per_second = float(re.search(r"tps = ([\d.]+)", printed)[1])
    return {"per_second": per_second, "postgres_cpu": used / (processed / 1000), "load_busy": load_busy}

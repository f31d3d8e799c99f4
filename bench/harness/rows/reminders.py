"""Reminders: how many are scheduled in a second, and how late they are fired. They are told in the application alone, so that no provider is measured."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.bench import Bench
from harness.figures import Row, column, median, spread
from harness.peers import System
from harness.processes import until
from harness.rows.distributed import running

# To be scheduled in one go, 50 to a task; to be fired, one after the other; and all at once.
MANY, FEW, AT_ONCE = 10_000, 60, 1_000
BETWEEN_MS = 250

# From asking to the first moment, in seconds, and for each reminder: all have their jobs by then.
LEAD, LEAD_EACH = 5, 0.01

# What is looked at again and again while it is measured costs next to nothing: these have an index.
WITHOUT_JOB = "SELECT count(*) FROM notification.reminders WHERE job_version IS DISTINCT FROM version"
# A reminder is fired in the transaction that puts its message into the list.
NOT_FIRED = "SELECT count(*) FROM notification.reminders WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at <= '{last}'"

# Of the reminders with a title: how many there are, have their job, are sent; how many messages there are, of how many of them.
FOUND = """SELECT count(*) || '|' || count(*) FILTER (WHERE job_version = version) || '|' || count(*) FILTER (WHERE status = 'sent') || '|'
      || (SELECT count(*) || '|' || count(DISTINCT reminder_id) FROM notification.notifications WHERE task_title = '{title}')
    FROM notification.reminders WHERE task_title = '{title}'"""

LATE = """SELECT 1000 * extract(epoch FROM percentile_disc({quantile}) WITHIN GROUP (ORDER BY fired_at - fire_at))
    FROM notification.reminders WHERE task_title = '{title}'"""


def reminders(bench: Bench) -> list[Row]:
    bench.system
    bench.only("system")
    return rows(bench, bench.system)


def distributed_reminders(bench: Bench) -> list[Row]:
    with running(bench) as system:
        return rows(bench, system, " on daprd and Kafka")


def rows(bench: Bench, system: System, where: str = "") -> list[Row]:
    """The three rows of a system, `where` behind their names."""
    many = 1_000 if bench.quick else MANY
    scheduled = [schedule(bench, system, many) for _ in range(bench.runs)]
    figure = f"{spread(scheduled)}/s, none lost"
    few = [fire(bench, system, 10 if bench.quick else FEW, BETWEEN_MS) for _ in range(bench.runs)]
    at_once = [fire(bench, system, AT_ONCE, 0) for _ in range(bench.runs)]
    return [
        Row(f"reminders scheduled{where}, {many:,} of 50 to a task", figure, "≥ 750/s", "Dapr's own figure: 756/s", median(scheduled) >= 750),
        late(f"reminder due → fired{where}, one every {BETWEEN_MS} ms", few),
        late(f"{AT_ONCE:,} reminders due at one moment → fired{where}", at_once),
    ]


def late(name: str, runs: list[dict[str, Any]]) -> Row:
    p50, p99 = column(runs, "p50"), column(runs, "p99")
    wrong = int(sum(column(runs, "lost"))), int(sum(column(runs, "twice")))
    figure = f"p50 {spread(p50)}, p99 {spread(p99, ' ms')}, {wrong[0] or 'none'} lost, {wrong[1] or 'none'} twice"
    notes = [f"the last one was in its reader's list {spread(column(runs, 'last'), ' ms')} after it was due"]
    return Row(name, figure, "p99 ≤ 1 s, none lost, none twice", reached=not any(wrong) and median(p99) <= 1_000, notes=notes)


def schedule(bench: Bench, system: System, count: int) -> float:
    """Reminders per second, from the first request until the sidecar has the job of the last one."""
    asked = ask(bench, system, count, timedelta(days=1), 0)
    begun = time.monotonic() - asked["asked_in"]

    def done() -> bool:
        return bench.postgres.number(system.database, WITHOUT_JOB) == 0 and found(bench, system, asked["title"])[:2] == [count, count]

    until(done, f"a job for each of {count:,} reminders", patience=300)
    return count / (time.monotonic() - begun)


def fire(bench: Bench, system: System, count: int, between: int) -> dict[str, Any]:
    """How late each of them is fired, in milliseconds, and when the last one is in its reader's list."""
    lead = LEAD + LEAD_EACH * count
    asked = ask(bench, system, count, timedelta(seconds=lead), between)
    title, last = asked["title"], asked["first"] + timedelta(milliseconds=between * (count - 1))
    until(lambda: found(bench, system, title)[1] == count, f"a job for each of {count} reminders", patience=lead)
    time.sleep(max(0, last.timestamp() - time.time()))
    waiting = NOT_FIRED.format(last=last.isoformat())
    until(lambda: bench.postgres.number(system.database, waiting) == 0, f"the firing of {count} reminders", patience=120, pause=0.01)
    listed = time.time() - last.timestamp()
    there, _, sent, told, different = found(bench, system, title)
    quantile = {f"p{n}": float(bench.postgres.ask(system.database, LATE.format(title=title, quantile=n / 100))[0]) for n in (50, 99)}
    return {**quantile, "last": 1000 * listed, "lost": count - min(there, sent, different), "twice": told - different}


def ask(bench: Bench, system: System, count: int, lead: timedelta, between: int) -> dict[str, Any]:
    """Asks for reminders from `lead` from now on; they are known by the title of their tasks."""
    first = datetime.now(UTC) + lead
    title = f"Bench {first.timestamp():.6f}"
    options = ["--title", title, "--reminders", count, "--first", first.isoformat(), "--between", between]
    return bench.load("reminders", "--base", system.base, "--tokens", bench.tokens, *options) | {"title": title, "first": first}


def found(bench: Bench, system: System, title: str) -> list[int]:
    return [int(count) for count in bench.postgres.ask(system.database, FOUND.format(title=title))[0].split("|")]

"""The command line of bench/run."""

import argparse
import signal
import sys

from harness import machine, report, rows, tools
from harness.bench import Bench
from harness.figures import Row


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run", description="Measures Tidings beside its peers, in one run. The rows: " + ", ".join(rows.ALL)
    )
    parser.add_argument("--rows", default=",".join(rows.ALL), help="some of them, comma-separated (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each peer, of which the median counts (default: 5)")
    parser.add_argument("--quick", action="store_true", help="two short runs: to see that the bench works, not to learn a figure")
    parser.add_argument("--write", action="store_true", help="write docs/BENCHMARKS.md")
    # Clear of the ports that Linux gives to clients, of which the load takes many.
    parser.add_argument("--port-offset", type=int, default=12_000, help="added to every port (default: 12000)")
    parser.add_argument("--server-core", type=int, default=0, help="the core of the servers and of Postgres (default: 0)")
    parser.add_argument("--load-core", type=int, default=1, help="the core of the load (default: 1)")
    given = parser.parse_args()
    given.rows = given.rows.split(",")
    unknown = [name for name in given.rows if name not in rows.ALL]
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}: choose among {', '.join(rows.ALL)}")
    if given.quick and given.write:
        parser.error("--quick figures are not worth writing down")
    if given.quick:
        given.runs = 2
    return given


def measured(bench: Bench, name: str) -> list[Row]:
    """The rows of that name. One that cannot be measured does not take the others along."""
    try:
        bench.postgres.tidy()
        return rows.ALL[name](bench)
    except (RuntimeError, TimeoutError) as error:
        return [Row(name, f"not measured: {str(error).strip().splitlines()[-1]}", reached=False)]


def main() -> None:
    given = arguments()
    machine.check(given)
    programs = tools.prepare()
    told = []
    with Bench(given, programs) as bench:
        for name in given.rows:
            print(f"bench: {name} …", file=sys.stderr, flush=True)
            for row in measured(bench, name):
                print(row.line(), flush=True)
                told.append(row)
    text = report.text(given, told)
    if given.write:
        report.write(text)
    else:
        print("\n" + text)


# What was started is stopped, however the run ends.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
try:
    main()
except (machine.NotPossible, tools.Missing) as error:
    sys.exit(f"bench: {error}")
except KeyboardInterrupt:
    sys.exit("bench: interrupted")

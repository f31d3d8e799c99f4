"""Every check of the charts, in its order; ends with how many there were.

    check.py [part of a name …]

A rule that is new is a function with `@check` in one of the modules beside this one, or a module that is named here.
"""

import shutil
import sys
import time

import access  # noqa: F401
import agreement  # noqa: F401
import cluster  # noqa: F401
import control_plane  # noqa: F401
import dapr  # noqa: F401
import network  # noqa: F401
import observability  # noqa: F401
import rendering  # noqa: F401
import secret  # noqa: F401
import tools  # noqa: F401
import values  # noqa: F401
import versions  # noqa: F401
from checks import ALL, Check
from subject import NotThere, Subject

MOST_LINES = 12


def found(check: Check, subject: Subject) -> list[str]:
    try:
        return list(check.find(subject))
    except NotThere as why:
        return [str(why)]


def overlooked(check: Check, subject: Subject) -> list[str]:
    """Those of its mistakes that a check does not find."""
    missed = [] if check.mistakes else ["has no mistake to find"]
    for mistake in check.mistakes:
        copy = subject.copied()
        try:
            mistake.make(copy)
            if next(iter(check.find(copy)), None) is None:
                missed.append(f"does not find {mistake.what}")
        except NotThere as why:
            missed.append(f"cannot be tried with {mistake.what}: {why}")
        shutil.rmtree(copy.folder)
    return missed


def main(wanted: list[str]) -> int:
    """Runs what is wanted; the number of checks that failed."""
    subject = Subject.of_the_project()
    chosen = [check for check in ALL if not wanted or any(part in check.name for part in wanted)]
    if not chosen:
        sys.exit(f"no check is called {' or '.join(wanted)}; there are:\n" + "\n".join(f"  {check.name}" for check in ALL))
    failed = mistakes = 0
    for check in chosen:
        began = time.monotonic()
        problems = found(check, subject) or overlooked(check, subject)
        failed += bool(problems)
        mistakes += len(check.mistakes)
        print(f"{'FAILED' if problems else 'ok':6} {check.name} ({time.monotonic() - began:.1f} s)", flush=True)
        for line in problems[:MOST_LINES]:
            print(f"         {line}")
        if len(problems) > MOST_LINES:
            print(f"         and {len(problems) - MOST_LINES} more")
    print(f"charts: {len(chosen)} checks, {len(chosen) - failed} passed, {failed} failed; {mistakes} mistakes to be found by them")
    return failed


if __name__ == "__main__":
    try:
        sys.exit(1 if main(sys.argv[1:]) else 0)
    except NotThere as why:
        sys.exit(str(why))

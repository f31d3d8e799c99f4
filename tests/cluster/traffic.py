#!/usr/bin/env python3
"""Writes to a running Tidings until it is told to stop (SIGTERM, or --seconds), and tells what became of the writes.

    tests/cluster/traffic.py --api http://10.96.3.4:8000 --socket ws://10.96.7.8:8005/ws --rate 50 > report.json

Each of the people has an account, a socket, and a share of the rate. Every other one keeps a connection open, as a browser and a proxy
do; the others open one for each request. A write that was not answered, or with 5xx, is sent again with the same key until it is
accepted, and counted. At the end every accepted write must be in the history and have been told on the socket, each once and in order.

It ends with 0 when no answer was a 5xx, no connection was refused or broken off, and nothing is lost or twice; else with 1.
`--allow-failures` forgives the first two, as when pods are killed on purpose: then only what is lost or twice counts.
"""

import argparse
import http.client
import json
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from urllib.parse import urlsplit

from socket_client import Refused, Socket

PATIENCE = 60.0


class Person(threading.Thread):
    """Creates tasks and changes each once, at a rate that does not depend on the answers as long as those keep up."""

    def __init__(self, number: int, arguments, stop: threading.Event):
        super().__init__(daemon=True)
        self.place, self.socket_url, self.stop = urlsplit(arguments.api), arguments.socket, stop
        self.pause, self.keeps_open = arguments.people / arguments.rate, number % 2 == 0
        self.connection, self.fresh = None, True
        self.answers, self.trouble, self.times, self.unfinished = Counter(), Counter(), [], 0
        self.created, self.changed = [], []
        answer = self.accepted("POST", "/api/auth/register", {
            "email": f"check-{uuid.uuid4()}@tidings.local", "password": str(uuid.uuid4()),
            "first_name": "Check", "last_name": f"No. {number}",
        })
        if answer is None:
            raise SystemExit(f"nobody can be registered at {arguments.api}: {dict(self.trouble)} {dict(self.answers)}")
        self.id, self.token = answer["user"]["id"], answer["access_token"]
        self.answers.clear()
        self.trouble.clear()
        self.times.clear()
        self.follower = Follower(self)

    def run(self):
        due = time.monotonic()
        while not self.stop.is_set():
            due += self.pause
            # Not to catch up in a burst after a pause.
            due = max(due, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))
            if len(self.created) > len(self.changed):
                task = self.created[-1]
                if self.accepted("PATCH", f"/api/{self.id}/tasks/{task}", {"title": f"Changed {task}"}):
                    self.changed.append(task)
            else:
                task = self.accepted("POST", f"/api/{self.id}/tasks", {"title": f"Check {len(self.created)}"}, str(uuid.uuid4()))
                if task:
                    self.created.append(task["id"])

    def accepted(self, method: str, path: str, body=None, key: str | None = None):
        """The answer, once it is a good one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            begun = time.monotonic()
            try:
                status, answer = self.ask(method, path, body, key)
            except (OSError, http.client.HTTPException) as error:
                self.trouble[f"{type(error).__name__}: {error}"] += 1
            else:
                # A failure tells by its code what it was: the database, the sidecar, too many at once.
                self.answers[status if status < 500 else f"{status} {(answer or {}).get('code', '')}".strip()] += 1
                if status < 300:
                    self.times.append(time.monotonic() - begun)
                    return answer
                if status < 500 and status not in (409, 429):
                    self.trouble[f"{method} was refused with {status}: {answer}"] += 1
                    break
            time.sleep(0.1)
        self.unfinished += 1
        return None

    def ask(self, method: str, path: str, body=None, key: str | None = None):
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {} if self.keeps_open else {"Connection": "close"}
        for last in (False, True):
            used = self.connection is not None
            if not used:
                self.connection = http.client.HTTPConnection(self.place.hostname, self.place.port or 80, timeout=15)
            try:
                self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
                answer = self.connection.getresponse()
                read = answer.read()
                if not self.keeps_open or answer.will_close:
                    self.hang_up()
                return answer.status, parsed(read)
            except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
                self.hang_up()
                # An idle connection that the server closes meets the next request: every client takes another one (RFC 9110 §9.3.1).
                if last or not used:
                    raise
                self.answers["closed while idle"] += 1
            except BaseException:
                self.hang_up()
                raise

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def recorded(self, event_type: str) -> Counter:
        """How often each task has such an entry in the history."""
        entries, cursor = Counter(), ""
        while True:
            path = f"/api/{self.id}/audit-logs?limit=200&event_type={event_type}{cursor}"
            page = self.accepted("GET", path)
            if page is None:
                raise SystemExit(f"{path} was not answered for {PATIENCE:.0f} s")
            entries.update(entry["task_id"] for entry in page["items"])
            if not page["next_cursor"]:
                return entries
            cursor = f"&cursor={page['next_cursor']}"


def parsed(body: bytes):
    """A body that is no JSON is a proxy's, not ours."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return {"code": body[:80].decode(errors="replace")}


class Follower(threading.Thread):
    """Reads a person's socket, opens it again where it left off, and notes what was told."""

    def __init__(self, person: Person):
        super().__init__(daemon=True)
        self.person, self.last, self.told, self.wrong, self.opened = person, None, Counter(), [], 0
        self.refused = Counter()

    def run(self):
        while True:
            try:
                self.follow()
            except (OSError, Refused, ValueError) as error:
                self.refused[str(error)] += 1
                time.sleep(0.2)

    def follow(self):
        seen = "" if self.last is None else f"?last_seen={self.last}"
        socket = Socket(self.person.socket_url + seen, self.person.token, timeout=60)
        try:
            while (message := socket.read()) is not None:
                if message["type"] == "subscribed":
                    self.opened += 1
                    self.last = message["sequence"] if self.last is None else self.last
                elif message["type"] == "event":
                    self.note(message["sequence"], message["event"])
                elif message == {"type": "error", "code": "unavailable"}:
                    # What it missed cannot be read now; it is closed, and asks again.
                    self.refused["told unavailable"] += 1
                else:
                    self.wrong.append(message)
        finally:
            socket.close()

    def note(self, sequence: int, event: dict):
        if sequence != self.last + 1:
            self.wrong.append(f"{sequence} after {self.last}")
        self.last = sequence
        self.told[event["event_type"], event.get("task_data", {}).get("id")] += 1


def outcome(people: list[Person], event_type: str, written, found) -> Counter:
    """Compares what was written with what is found, until nothing is missing or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        result = Counter(lost=0, twice=0)
        for person in people:
            seen = found(person, event_type)
            result["lost"] += sum(1 for task in written(person) if not seen[task])
            result["twice"] += sum(1 for task in written(person) if seen[task] > 1)
        if not result["lost"] or time.monotonic() > deadline:
            return result
        time.sleep(0.5)


def report(people: list[Person], seconds: float) -> dict:
    def in_history(person, event_type):
        return person.recorded(event_type)

    def on_socket(person, event_type):
        return Counter({task: count for (kind, task), count in person.follower.told.items() if kind == event_type})

    answers = sum((person.answers for person in people), Counter())
    trouble = sum((person.trouble for person in people), Counter())
    times = sorted(time for person in people for time in person.times)
    wrong = [wrong for person in people for wrong in person.follower.wrong]
    kinds = {"task.created": lambda person: person.created, "task.updated": lambda person: person.changed}
    result = {
        "seconds": round(seconds, 1),
        "writes": len(times),
        "per_second": round(len(times) / seconds, 1),
        "answers": {str(status): count for status, count in sorted(answers.items(), key=str)},
        "answers_5xx": sum(count for status, count in answers.items() if str(status).startswith("5")),
        "not_answered": dict(trouble),
        "never_accepted": sum(person.unfinished for person in people),
        "p50_ms": round(times[len(times) // 2] * 1000, 1) if times else None,
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1) if times else None,
        "max_ms": round(times[-1] * 1000, 1) if times else None,
        "sockets_opened": sum(person.follower.opened for person in people),
        "sockets_not_opened": dict(sum((person.follower.refused for person in people), Counter())),
        "sockets_wrong": [str(what) for what in wrong[:5]],
    }
    for name, found in (("history", in_history), ("sockets", on_socket)):
        totals = sum((outcome(people, kind, written, found) for kind, written in kinds.items()), Counter())
        result[f"{name}_lost"], result[f"{name}_twice"] = totals["lost"], totals["twice"]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", required=True, help="backend-api, such as http://localhost:8000")
    parser.add_argument("--socket", required=True, help="websocket-service, such as ws://localhost:8005/ws")
    parser.add_argument("--rate", type=float, default=50, help="writes per second of all people together")
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--seconds", type=float, help="how long; else until SIGTERM")
    parser.add_argument("--allow-failures", action="store_true")
    arguments = parser.parse_args()

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    people = [Person(number, arguments, stop) for number in range(arguments.people)]
    for person in people:
        person.follower.start()
    deadline = time.monotonic() + PATIENCE
    while any(not person.follower.opened for person in people):
        if time.monotonic() > deadline:
            refused = sum((person.follower.refused for person in people), Counter())
            raise SystemExit(f"the sockets do not open at {arguments.socket}: {dict(refused)}")
        time.sleep(0.05)
    print("writing", file=sys.stderr, flush=True)
    begun = time.monotonic()
    for person in people:
        person.start()
    stop.wait(arguments.seconds)
    stop.set()
    for person in people:
        person.join()
    result = report(people, time.monotonic() - begun)
    json.dump(result, sys.stdout, indent=2)
    print()
    bad = ["history_lost", "history_twice", "sockets_lost", "sockets_twice", "sockets_wrong", "never_accepted"]
    bad += [] if arguments.allow_failures else ["answers_5xx", "not_answered"]
    return int(any(result[name] for name in bad) or not result["writes"])


if __name__ == "__main__":
    sys.exit(main())

"""Who may use which topic, and who may call whom."""

import re
from collections import defaultdict
from collections.abc import Iterator

import project
from checks import change, check, no_object, put
from dapr import metadata_of
from subject import NAMESPACE, Subject

# Who must get every event in each replica, and so uses another component.
EACH_REPLICA = {"websocket-service"}
# What audit-service does beside the contract: it takes every topic's dead letters and publishes them again.
AUDIT = "audit-service"
HEALTH = "/health"


def scopes(text: str) -> dict[str, set[str]]:
    """`app=topic,topic;app=topic` by app."""
    pairs = (part.split("=", 1) for part in text.split(";") if part)
    return {app.strip(): {topic.strip() for topic in topics.split(",") if topic.strip()} for app, topics in pairs}


def expected(sign: str) -> dict[str, set[str]]:
    """What each service publishes (`+`) or receives (`-`)."""
    allowed = defaultdict(set)
    for topic, users in project.topics().items():
        dead = f"{topic}.dead"
        for app in (user[1:] for user in users if user[0] == sign):
            allowed[app].add(topic)
        if sign == "+":
            # What a consumer gives up, its own sidecar publishes.
            for app in (user[1:] for user in users if user[0] == "-"):
                allowed[app].add(dead)
            allowed[AUDIT] |= {topic}
        else:
            allowed[AUDIT].add(dead)
    return allowed


SCOPE = ("spec", "metadata", {"name": "publishingScopes"}, "value")


@check(
    "each service may publish and receive what the contract says, and no more",
    put("a service that may publish what is not its own", "Component", *SCOPE, value="websocket-service=task-events"),
    put("nobody who may publish", "Component", *SCOPE, value=";".join(f"{app}=" for app in project.services())),
    put("a topic that there is none of", "Component", *SCOPE, value="backend-api=task-event"),
    change("a broker open to all", "Component", "spec", "metadata",
           by=lambda entries: entries.remove(next(entry for entry in entries if entry["name"].endswith("Scopes")))),
)  # fmt: skip
def topics(subject: Subject) -> Iterator[str]:
    for rendering, objects in subject.renderings.items():
        components = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Component"}
        for name in ("pubsub", "pubsub-per-replica"):
            component = components.get(name)
            if component is None:
                yield f"{rendering}: there is no Component {name}"
                continue
            apps = set(component.get("scopes", project.services()))
            for setting, sign in {"publishingScopes": "+", "subscriptionScopes": "-"}.items():
                told = metadata_of(component).get(setting)
                if told is None:
                    yield f"{rendering}: {name} has no {setting}: any app may use any topic"
                    continue
                users = EACH_REPLICA if name == "pubsub-per-replica" else project.services().keys() - EACH_REPLICA
                wanted = {app: expected(sign)[app] if app in users else set() for app in apps}
                protected = set((metadata_of(component).get("protectedTopics") or "").split(","))
                yield from (f"{rendering}: {name}: {setting}: {line}" for line in compare(scopes(told), wanted, protected))


def compare(told: dict[str, set[str]], wanted: dict[str, set[str]], protected: set[str]) -> Iterator[str]:
    live = set(project.topics())
    for app in sorted(told.keys() - project.services().keys()):
        yield f"{app} is no app"
    for app in sorted(wanted):
        # Who is not named may use every topic but the protected ones.
        if app not in told and (wanted[app] or not live | {f"{topic}.dead" for topic in live} <= protected):
            yield f"{app} is not named, and not every topic is protected"
        for topic in sorted(told.get(app, set()) - project.all_topics()):
            yield f"{topic} is no topic"
        extra, missing = told.get(app, set()) - wanted[app], wanted[app] - told.get(app, set())
        if extra:
            yield f"{app} has no use for {', '.join(sorted(extra))}"
        if missing and app in told:
            yield f"{app} needs {', '.join(sorted(missing))}"


def as_pattern(path: str) -> str:
    """`/internal/deleted-tasks/{id}` as access control writes it."""
    return re.sub(r"\{[^}]*\}", "*", path)


OPERATION = ("spec", "accessControl", "policies", {"appId": "websocket-service"}, "operations")


@check(
    "calls are denied but for those that the services make",
    put("calls that are allowed unless denied", "Configuration", "spec", "accessControl", "defaultAction", value="allow"),
    put("a trust domain that is nobody's", "Configuration", "spec", "accessControl", "policies", 0, "namespace", value="elsewhere"),
    put("a call that nobody answers", "Configuration", *OPERATION, 0, "name", value="/internal/member"),
    change("a call that is made and not allowed", "Configuration", *OPERATION, by=lambda operations: operations.pop(0)),
    change("a call that nobody makes", "Configuration", *OPERATION,
           by=lambda operations: operations.append({"name": "/internal/instances", "httpVerb": ["POST"], "action": "allow"})),
    no_object("no configuration", "Configuration"),
)  # fmt: skip
def calls(subject: Subject) -> Iterator[str]:
    routes = {as_pattern(route) for service in project.services().values() for route in service.routes}
    for rendering, objects in subject.renderings.items():
        configurations = [each for each in objects if each["kind"] == "Configuration"]
        if [each["metadata"]["name"] for each in configurations] != ["tidings"]:
            yield f"{rendering}: there is no Configuration tidings, or another one"
        for control in (each["spec"].get("accessControl", {}) for each in configurations):
            if control.get("defaultAction") != "deny":
                yield f"{rendering}: what is not named is not denied"
            yield from (f"{rendering}: {line}" for line in of_policies(control.get("policies", []), routes))


def of_policies(policies: list[dict], routes: set[str]) -> Iterator[str]:
    for name in sorted({policy["appId"] for policy in policies} ^ project.services().keys()):
        yield f"{name} has a policy or is a service, not both"
    for policy in policies:
        app, made = policy["appId"], {as_pattern(call) for call in project.services()[policy["appId"]].calls}
        if policy.get("namespace") != NAMESPACE or policy["defaultAction"] != "deny":
            yield f"{app}: its policy is for namespace {policy.get('namespace')} and does {policy['defaultAction']}"
        allowed = {operation["name"] for operation in policy["operations"] if operation["action"] == "allow"} - {HEALTH}
        for call in sorted(made):
            # A verb in the code stands for several paths: /internal/recurrences/*.
            if call not in allowed and not ("*" in call and any(matches(call, name) for name in allowed)):
                yield f"{app} calls {call}, and may not"
        for name in sorted(allowed):
            if name not in routes:
                yield f"{app} may call {name}, which nobody answers"
            if not any(matches(call, name) for call in made):
                yield f"{app} may call {name}, and does not"


def matches(pattern: str, path: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), path) is not None

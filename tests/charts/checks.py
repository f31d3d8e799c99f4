"""How a check is written: a function that yields a line for each mistake that it finds, and mistakes that it must find.

The second is what keeps it one: after the real charts each check is given copies with one of its mistakes in them, and a check that
passes over one has failed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from subject import NotThere, Subject

Finder = Callable[[Subject], Iterator[str]]
# A name or an index; for a list also {"key": "value"}, which is the first element that has it.
Step = str | int | dict


@dataclass
class Mistake:
    """What is wrong, and how it comes into a copy."""

    what: str
    make: Callable[[Subject], None]


@dataclass
class Check:
    """A named rule."""

    name: str
    find: Finder
    mistakes: tuple[Mistake, ...]


ALL: list[Check] = []


def check(name: str, *mistakes: Mistake) -> Callable[[Finder], Finder]:
    """Lists a check with the mistakes that it must find."""

    def listed(find: Finder) -> Finder:
        ALL.append(Check(name, find, mistakes))
        return find

    return listed


def step_into(value, step: Step):
    if isinstance(step, dict):
        return next(part for part in value if step.items() <= part.items())
    return value[step]


def first(objects: list[dict], kind: str, path: tuple[Step, ...]):
    """Where the path leads to in the first object of a kind in which it leads somewhere, or None."""
    for each in objects:
        if each["kind"] == kind:
            try:
                for step in path:
                    each = step_into(each, step)
            except (KeyError, IndexError, StopIteration, TypeError):
                continue
            return each
    return None


def places(subject: Subject, kind: str, path: tuple[Step, ...]) -> list:
    """The same in every rendering and file, whole, so that it can be changed."""
    found = [first(objects, kind, path) for objects in [*subject.renderings.values(), *subject.manifests.values()]]
    there = [each for each in found if each is not None]
    if not there:
        raise NotThere(f"no {kind} has {path}")
    return there


def put(what: str, kind: str, *path: Step, value) -> Mistake:
    """Something else, or something more, at a place in an object."""

    def make(subject: Subject) -> None:
        *way, last = path
        for each in places(subject, kind, tuple(way)):
            each[last] = value

    return Mistake(what, make)


def change(what: str, kind: str, *path: Step, by: Callable) -> Mistake:
    """What is at a place is handed to a function, which changes it."""
    return Mistake(what, lambda subject: [by(each) for each in places(subject, kind, path)])


def without(what: str, kind: str, *path: Step) -> Mistake:
    """Nothing where something is."""

    def make(subject: Subject) -> None:
        *way, last = path
        places(subject, kind, path)
        for each in places(subject, kind, tuple(way)):
            each.pop(last, None)

    return Mistake(what, make)


def no_object(what: str, kind: str) -> Mistake:
    """None of a kind."""

    def make(subject: Subject) -> None:
        places(subject, kind, ())
        for rendered in [*subject.renderings.values(), *subject.manifests.values()]:
            rendered[:] = [each for each in rendered if each["kind"] != kind]

    return Mistake(what, make)


def in_file(what: str, file: str, old: str, new: str) -> Mistake:
    """Another text in a file of the charts, which are put together again."""

    def make(subject: Subject) -> None:
        place = subject.folder / file
        text = place.read_text()
        if old not in text:
            raise NotThere(f"{file} does not have {old!r}")
        place.write_text(text.replace(old, new, 1))
        for made in ("renderings", "manifests"):
            subject.__dict__.pop(made, None)
        subject.prepared()

    return Mistake(what, make)

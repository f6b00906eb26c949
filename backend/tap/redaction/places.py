"""Whether a place in a payload is one that is never told; known for each place after its first visit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from backend.wire.query.globs import glob

KEPT: Final = ""
"""The label of a place that is told as it is, whatever is in it."""

_MOST: Final = 20_000
_LONGEST: Final = 200  # a longer key is data


class Rule(NamedTuple):
    """Globs of the last parts of a path: ``user.name`` is ``name`` in ``user``, wherever that is."""

    label: str
    parts: tuple[Callable[[str], bool], ...]

    def matches(self, path: tuple[str, ...]) -> bool:
        """Whether a path, in lower case, ends as the rule says."""
        count = len(self.parts)
        return count <= len(path) and all(
            part(key) for part, key in zip(self.parts, path[len(path) - count :], strict=True)
        )


def rule(label: str, key: str) -> Rule:
    """The rule of a key or path as it is written: ``*`` and ``?`` within each part, in any case.

    Raises:
        ValueError: a part of it is empty.
    """
    parts = key.lower().split(".")
    if not all(parts):
        raise ValueError(f"{key!r} is no key: give a name or a path such as user.name")
    return Rule(label, tuple(glob(part) for part in parts))


class Places:
    """The rules, and what they said. ``root`` is where a walk begins."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._known = 0
        self.root = Place(self, ())

    def label_of(self, path: tuple[str, ...]) -> str | None:
        """What the first rule that matches says; None where none does."""
        return next((one.label for one in self._rules if one.matches(path)), None)

    def make_room(self) -> None:
        """One more place is to be remembered: when they are too many, all are forgotten."""
        self._known += 1
        if self._known > _MOST:
            self._known = 0
            self.root.forget()


class Place(dict[str, "Place"]):
    """A key of an object, and by their keys those in it. ``label`` is None where nothing is said of it."""

    __slots__ = ("label", "path", "places")

    def __init__(self, places: Places, path: tuple[str, ...], label: str | None = None) -> None:
        super().__init__()
        self.places = places
        self.path = path
        self.label = label

    def __missing__(self, key: str) -> Place:
        path = (*self.path[-_DEEPEST:], key.lower())
        found = Place(self.places, path, self.label if self.label == KEPT else self.places.label_of(path))
        if len(key) <= _LONGEST:
            self.places.make_room()
            self[key] = found
        return found

    def forget(self) -> None:
        """Forget what is below the places in here, which a walk begins at."""
        for place in self.values():
            place.clear()


_DEEPEST: Final = 32

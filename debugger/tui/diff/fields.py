"""The fields of two events side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from debugger.tui.text import safe_text, value_text

MOST: Final = 200
"""Fields of one event that are looked at."""

_DEPTH: Final = 8
_TEXT: Final = 400
_PARTS: Final = ("data", "component_state")


class Field(NamedTuple):
    """A field, and its value in both as safe text; empty where it is absent. ``matters`` ones come first."""

    path: str
    a: str
    b: str
    matters: bool


def fields_of(a: dict[str, Any] | None, b: dict[str, Any] | None, telling: set[str]) -> list[Field]:
    """The fields of payload and state that differ; of one event alone, all of them.

    ``telling`` are the paths of those that matter, such as ``data.outcome``.
    """
    ours, theirs = _leaves(a), _leaves(b)
    found = []
    for path in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(path), theirs.get(path)
        if a is not None and b is not None and one == other:
            continue
        found.append(Field(safe_text(path), one or "", other or "", path in telling))
    return sorted(found, key=lambda field: not field.matters)


def _leaves(event: dict[str, Any] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if event is None:
        return found
    severity = event.get("severity", "info")
    found["severity"] = value_text(severity, _TEXT)
    for name in _PARTS:
        for path, value in _walk(name.removeprefix("component_"), event.get(name)):
            if len(found) >= MOST:
                return found
            found[path] = value_text(value, _TEXT)
    return found


def _walk(path: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value and depth < _DEPTH:
        for name, one in value.items():
            yield from _walk(f"{path}.{name}", one, depth + 1)
    elif not (isinstance(value, dict) and depth == 0):
        yield path, value

"""An event in its part of a case, and a row as such an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.fields import Get, GetKey
from debugger.analysis.rules.schema import Part


class Binding:
    """An event in its part of a case: how its keys and values are got.

    ``place`` is where it is in its part; ``key`` is as long as the part's own key, ``whole`` as the case's.
    ``needed`` are the fields that a key must have. The rest is what its judge says of it: `Judge.prepare`.
    """

    __slots__ = (
        "creates",
        "direct",
        "key",
        "makes_known",
        "needed",
        "only_creates",
        "part",
        "per",
        "place",
        "quiet",
        "role",
        "values",
        "whole",
    )

    def __init__(
        self,
        role: str,
        place: int,
        part: Part,
        key: GetKey,
        whole: GetKey,
        needed: tuple[tuple[str, Get], ...],
        per: tuple[Get, ...],
        values: Mapping[str, Get],
    ) -> None:
        self.role: Final = role
        self.place: Final = place
        self.part: Final = part
        self.key: Final = key
        self.whole: Final = whole
        self.needed: Final = needed
        self.per: Final = per
        self.values: Final = values
        self.direct = True  # about one key, not all that begin so
        self.creates = False  # makes a key known
        self.only_creates = False  # says nothing of a key that is known
        self.makes_known = False  # may be the first that is known of a session
        self.quiet: Callable[[Any], bool] | None = None  # whether it changes nothing in a state


class Seen(NamedTuple):
    """A fact in its part of a case."""

    fact: Fact
    binding: Binding

    @property
    def row(self) -> int:
        """Where it happened."""
        return self.fact.row

    def value(self, name: str) -> Any:
        """A field's value; None for none."""
        return self.binding.values[name](self.fact)

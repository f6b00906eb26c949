"""The frozen values that a comparison of two recordings hands out. Times and durations are ints in ns.

The first recording is ``a``, the second ``b``: *missing* is what only ``a`` has, *extra* what only ``b`` has.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

SCHEMA: Final = "doubletalk.diff/1"

DivergenceKind = Literal["missing", "extra", "replaced", "order", "cause", "severity", "payload", "state"]
Status = Literal["equal", "differs", "only_a", "only_b"]
ValueKind = Literal["severity", "payload", "state"]


class Place(Struct, frozen=True, gc=False):
    """One event of a recording. ``row`` counts from 0 in the order of the file, broken lines left out."""

    row: int
    seq: int | None
    timestamp_ns: int
    component: str
    event_type: str
    message_type: str | None


class Pair(Struct, frozen=True, gc=False):
    """The same step in both recordings."""

    a: Place
    b: Place


class Unmatched(Struct, frozen=True):
    """An event that only one recording has, and ``events``: it and all that it caused in its turn.

    ``path`` is what led to it, from the turn's root down, as ``component: message``; a long one is cut in
    the middle.
    """

    event: Place
    events: int
    path: tuple[str, ...]


class StreamDifference(Struct, frozen=True):
    """Something that comes many times in a turn came in another number.

    ``first`` is the first event that has no counterpart, in the recording that has more; ``events`` is how
    many there are, all that they caused included.
    """

    component: str
    event_type: str
    message_type: str | None
    count_a: int
    count_b: int
    first: Place
    events: int


class OrderDifference(Struct, frozen=True):
    """Two steps that happened in the other order: ``one`` before ``other`` in a, after it in b.

    ``races``: both are of one component, so one saw the other's work and now does not, and it was not the
    code of one task that did them, or what led to them, in another order.
    ``count`` pairs of the same kinds did so in this turn; ``events`` moved with them in all.
    """

    one: Pair
    other: Pair
    same_component: bool
    races: bool
    count: int
    events: int


class CauseDifference(Struct, frozen=True):
    """The same step was caused by another kind of event; None where it came of itself."""

    pair: Pair
    cause_a: Place | None
    cause_b: Place | None


class ValueDifference(Struct, frozen=True):
    """A field has another value at the same step: the first of ``count`` steps of the turn.

    ``field`` is its path, ``a`` and ``b`` the values as JSON has them, None also where it is absent.
    ``matters`` is False for numbers in a state, which differ between any two runs.
    """

    kind: ValueKind
    pair: Pair
    field: str
    a: Any
    b: Any
    count: int
    matters: bool = True


class LatencyDifference(Struct, frozen=True):
    """A message was first sent after another time: since its turn began, and since what caused it."""

    pair: Pair
    since_start_a_ns: int
    since_start_b_ns: int
    step_a_ns: int
    step_b_ns: int

    @property
    def delta_ns(self) -> int:
        """How much later in b, since the turn began."""
        return self.since_start_b_ns - self.since_start_a_ns

    @property
    def step_delta_ns(self) -> int:
        """How much of it was lost in this step alone."""
        return self.step_b_ns - self.step_a_ns


class Divergence(Struct, frozen=True):
    """Where two recordings part. ``a`` or ``b`` is None where that one has no such event.

    For ``order`` they are the two steps: what came first in a, and what came first in b. ``lesser`` counts
    differences before it in its turn that tell little: numbers of stream pieces, order between components.
    """

    kind: DivergenceKind
    turn: int
    a: Place | None
    b: Place | None
    path: tuple[str, ...]
    about: str
    lesser: int


class TurnDifference(Struct, frozen=True):
    """One turn of one session, in both recordings; ``number`` is None for what belongs to no numbered turn.

    ``name`` is what to call it. Each list holds the first of its kind; ``counts`` has all.
    ``differences`` are those that matter, ``lesser`` the others; latencies are neither.
    """

    session_a: str | None
    session_b: str | None
    number: int | None
    name: str
    status: Status
    events_a: int
    events_b: int
    matched: int
    differences: int
    lesser: int
    first: Divergence | None
    missing: tuple[Unmatched, ...] = ()
    extra: tuple[Unmatched, ...] = ()
    streams: tuple[StreamDifference, ...] = ()
    order: tuple[OrderDifference, ...] = ()
    causes: tuple[CauseDifference, ...] = ()
    values: tuple[ValueDifference, ...] = ()
    latencies: tuple[LatencyDifference, ...] = ()
    counts: dict[str, int] = {}


class Side(Struct, frozen=True):
    """A recording as a whole, and what is missing from it.

    ``unknown_causes`` name an event that is not there; ``late_causes`` one that comes after its effect.
    Both are taken as events that came of themselves. ``unreadable`` lines could not be read again.
    """

    name: str
    events: int
    sessions: int
    turns: int
    broken_lines: int
    gaps: int
    missing_events: int
    unknown_causes: int
    late_causes: int
    unreadable: int
    components_only_here: tuple[str, ...]


class DiffReport(Struct, frozen=True):
    """What a comparison of two recordings found.

    ``equal``: every step has its counterpart, in the same order, from the same cause, with the same outcome
    and state. Latencies and numbers in states may differ. ``alignment`` is ``causal``, or ``flat`` where a
    recording tells no causes: then the nth event of a kind in a turn is held against the nth.
    ``notes`` say what could not be compared.
    """

    schema: str
    equal: bool
    alignment: Literal["causal", "flat"]
    a: Side
    b: Side
    matched: int
    differences: int
    lesser: int
    first: Divergence | None
    turns: tuple[TurnDifference, ...]
    notes: tuple[str, ...]


def to_json(value: Struct) -> Any:
    """Any of these as dicts, lists, numbers and text."""
    return msgspec.to_builtins(value)

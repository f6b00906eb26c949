"""What the drain hands to every sink: events, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, overload, runtime_checkable

from backend.events import Event, decode_line
from backend.tap.stamped import Stamped

if TYPE_CHECKING:
    from backend.tap.redaction import Redactor
    from backend.wire.states import Key


class Batch:
    """Consecutive events of one source with their one encoding; never empty, never changed.

    ``jsonl`` holds a line for each event, each ended by a newline; ``events`` are the same as objects.
    """

    def __init__(self, events: Sequence[Event], jsonl: bytes, first_seq: int) -> None:
        self._events: Sequence[Event] | None = events
        self._count = len(events)
        self.jsonl = jsonl
        self.first_seq = first_seq
        self._at_hand: Sequence[Event | Stamped] = events

    @classmethod
    def encoded(cls, jsonl: bytes, first_seq: int, count: int, stamped: Sequence[Stamped] = ()) -> Batch:
        """A batch of `count` lines, whose events are decoded when somebody looks at them.

        ``stamped`` are the same before they were encoded, where they are at hand.
        """
        batch = cls((), jsonl, first_seq)
        batch._count = count
        batch._events = None
        batch._at_hand = stamped
        return batch

    @property
    def events(self) -> Sequence[Event]:
        """The events as the record has them. Sinks that only move bytes need not look."""
        if self._events is None:
            self._events = _Decoded(self.jsonl, self._count)
        return self._events

    @property
    def at_hand(self) -> Sequence[Event | Stamped]:
        """The same before they were encoded, for who looks at a field of each; empty if nobody has them."""
        return self._at_hand

    def states(self) -> dict[Key, int]:
        """The index of the last snapshot of each component and session."""
        # Asked by a ring, which has it loaded: who only records need not.
        from backend.wire.states import states_in, states_in_lines  # noqa: PLC0415 - see above

        return states_in(self._at_hand) if self._at_hand else states_in_lines(self.jsonl)

    @property
    def last_seq(self) -> int:
        """``seq`` of the last event."""
        return self.first_seq + self._count - 1

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """Each event's JSON without its newline; split once, for all sinks that want single events."""
        # JSON text has no raw newline, so this is exact.
        return tuple(self.jsonl[:-1].split(b"\n"))

    def __len__(self) -> int:
        """Number of events."""
        return self._count


class _Decoded(Sequence[Event]):
    """The events of a batch, each decoded when it is first asked for."""

    def __init__(self, jsonl: bytes, count: int) -> None:
        self._jsonl = jsonl
        self._count = count
        self._known: dict[int, Event] = {}

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._jsonl.split(b"\n")

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number = range(len(self))[index]
        if number not in self._known:
            self._known[number] = decode_line(self._line(number))
        return self._known[number]

    def _line(self, number: int) -> bytes:
        if number == 0:  # what a sink asks for that only wants the source: no need to split it all
            return self._jsonl[: self._jsonl.index(b"\n")]
        return self._lines[number]


class Sink(Protocol):
    """Takes batches in order. A sink that raises is reported once, closed and removed; others go on."""

    def write(self, batch: Batch) -> None:
        """Take a batch. Runs on the event loop: must not block for long.

        A tap without a running loop calls it from a thread of its own, or the publisher's.
        """

    def close(self) -> None:
        """Write what is held back and release what is open. Called once."""


@runtime_checkable
class TellsMore(Protocol):
    """A sink that tells the world more than the batches it gets."""

    def redact_by(self, redactor: Redactor) -> None:
        """Tell nothing of it that `redactor` would not let pass."""

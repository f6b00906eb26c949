"""As many events as wanted, from one conversation told again and again, each time with new names.

Every line has the same length in each telling, so that where the line of a row is, and which row
causes which, is arithmetic: ten million events are in a log within seconds, and need no file.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import Event, decode_line, encode_event
from backend.events.vocabulary import PUBLISHED, RECEIVED, SUBSCRIBED, SYSTEM
from debugger.log import EventLog
from debugger.log.pack import Pack, Texts, pack_events
from tests.bench.interface_lines import TELLING_NS, Piece, Steps, Template
from tests.support.voicebus import START_NS
from tests.support.voicelog import voice_log

FIRST_SEQ: Final = 100_000_001
"""Of row 0. As everything that counts here, it has as many digits as the last one will."""

_SESSIONS, _TURNS = 107, 4
_MONO_NS: Final = 100_000_000_000_000


class Story:
    """Row ``r`` is event ``r % len(story)`` of telling ``r // len(story)``; seq `FIRST_SEQ` + ``r``."""

    def __init__(self) -> None:
        told = [
            event
            for event in voice_log(7, turns=_TURNS, sessions=_SESSIONS)
            if event.event_type not in (SYSTEM, SUBSCRIBED)
        ]
        self._events = _renumbered(told)
        count = len(self._events)
        tasks = {event.task for event in self._events if event.task}
        highest = max(int(task.rpartition("/")[2][1:]) for task in tasks)
        self.steps = Steps(count, highest + 1, _SESSIONS + 1)
        self._templates = [Template(encode_event(event), self.steps) for event in self._events]
        self.lengths = np.array([len(template % 0) for template in self._templates], np.int64)
        self._ends = list(accumulate(self.lengths.tolist()))

    def __len__(self) -> int:
        """Events of one telling."""
        return len(self._events)

    def line(self, row: int) -> bytes:
        """The line of a row, without its newline."""
        telling, place = divmod(row, len(self))
        return self._templates[place] % telling

    def pieces(self, size: int) -> list[Piece]:
        """The lines of a telling in pieces of so many, to be made quickly."""
        return [Piece(self._templates[start : start + size]) for start in range(0, len(self), size)]

    # --- into a log ----------------------------------------------------------------------------

    def fill(self, log: EventLog, tellings: int) -> None:
        """Add so many tellings to an empty log, with their lines."""
        store = log.add_store(StoryStore(self))
        begins = np.array([0, *self._ends[:-1]], np.int64)
        for telling in range(tellings):
            log.extend_packed(self._pack(telling), store, begins + telling * self._ends[-1], self.lengths)

    @cached_property
    def _first(self) -> Pack:
        return pack_events([decode_line(template % 0) for template in self._templates])

    @cached_property
    def _names(self) -> dict[str, list[Template | None]]:
        """The names that change, in the order of those of `_first`."""
        names = pack_events(self._events).names
        return {
            column: [
                None if name is None else Template(name.encode(), self.steps)
                for name in names[column].distinct
            ]
            for column in ("session", "correlation", "task", "worker")
        }

    def _pack(self, telling: int) -> Pack:
        first = self._first
        names = dict(first.names)
        for column, templates in self._names.items():
            told = [None if one is None else (one % telling).decode() for one in templates]
            names[column] = first.names[column]._replace(distinct=told)
        return first._replace(
            times=first.times + telling * TELLING_NS,
            monos=first.monos + telling * TELLING_NS,
            seqs=first.seqs + telling * self.steps.seq,
            names=names,
            ids=_later(first.ids, telling * self.steps.seq),
            causes=_later(first.causes, telling * self.steps.seq),
        )

    def read(self, offset: int, length: int) -> bytes:
        """The text of all tellings, one after the other."""
        found = b""
        while length > 0:
            telling, within = divmod(offset, self._ends[-1])
            place = bisect_right(self._ends, within)
            line = self._templates[place] % telling
            part = line[within - (self._ends[place] - len(line)) :][:length]
            found += part
            offset += len(part)
            length -= len(part)
        return found

    # --- where keys lead -------------------------------------------------------------------------

    def cause(self, row: int) -> int | None:
        """The row that caused a row."""
        return self._from(row, self._causes)

    def effect(self, row: int) -> int | None:
        """The first row that names a row as its cause."""
        return self._from(row, self._effects)

    def in_turn(self, row: int) -> int | None:
        """The next row of the same turn of the same session."""
        return self._from(row, self._in_turn)

    def message(self, row: int, direction: int) -> int | None:
        """The next or previous publish or receive."""
        telling, place = divmod(row, len(self))
        messages = self._messages
        at = int(np.searchsorted(messages, place, side="right" if direction > 0 else "left"))
        at = at if direction > 0 else at - 1
        return telling * len(self) + int(messages[at]) if 0 <= at < len(messages) else None

    def _from(self, row: int, table: NDArray[np.int64]) -> int | None:
        telling, place = divmod(row, len(self))
        found = int(table[place])
        return None if found < 0 else telling * len(self) + found

    @cached_property
    def _causes(self) -> NDArray[np.int64]:
        places = {event.id: place for place, event in enumerate(self._events)}
        return np.array([places.get(event.cause, -1) for event in self._events], np.int64)

    @cached_property
    def _effects(self) -> NDArray[np.int64]:
        found = np.full(len(self), -1, np.int64)
        for place in range(len(self) - 1, -1, -1):
            if self._causes[place] >= 0:
                found[self._causes[place]] = place
        return found

    @cached_property
    def _in_turn(self) -> NDArray[np.int64]:
        following: dict[tuple[Any, Any], int] = {}
        found = np.full(len(self), -1, np.int64)
        for place in range(len(self) - 1, -1, -1):
            event = self._events[place]
            if event.turn is not None:
                found[place] = following.get((event.session_id, event.turn), -1)
                following[event.session_id, event.turn] = place
        return found

    @cached_property
    def _messages(self) -> NDArray[np.int64]:
        kinds = [event.event_type in (PUBLISHED, RECEIVED) for event in self._events]
        return np.flatnonzero(np.array(kinds))


class StoryStore:
    """The lines of a story where a log reads them."""

    first_offset = 0

    def __init__(self, story: Story) -> None:
        self._story = story

    def read(self, offset: int, length: int) -> bytes:
        """As `debugger.log.stores.Store`."""
        return self._story.read(offset, length)


def _renumbered(events: list[Event]) -> list[Event]:
    """Seqs without holes, and times within a telling."""
    known = {event.id: f"{event.source}-{FIRST_SEQ + place}" for place, event in enumerate(events)}
    begins, ends = events[0].timestamp_ns or 0, events[-1].timestamp_ns or 1
    told = []
    for place, event in enumerate(events):
        elapsed = ((event.timestamp_ns or 0) - begins) * TELLING_NS // (ends - begins + 1)
        told.append(
            msgspec.structs.replace(
                event,
                seq=FIRST_SEQ + place,
                id=known[event.id],
                cause=known.get(event.cause),
                timestamp=(START_NS + elapsed) / 1e9,
                timestamp_ns=START_NS + elapsed,
                mono_ns=_MONO_NS + elapsed,
            )
        )
    return told


def _later(texts: Texts, by: int) -> Texts:
    return texts if texts.counts is None else texts._replace(counts=texts.counts + by)

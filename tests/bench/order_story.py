"""Long logs of many conversations at once: recorded ones, told again by other names, and interleaved.

They give way to each other where their tasks do, as on one event loop. Packs are what reading a file gives;
lines are made when they are read, so that 10 million events need no file.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import Event, decode_line, encode_event, encode_payload
from debugger.log import EventLog
from debugger.log.pack import Names, Pack, Texts, pack_events

_SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
RECORDED = ("three_turns", "barge_in", "tool_call")
_FIRST = 10_000_000  # names of tasks count on from here, so that all have as many digits
_TASKS = 1_000  # of one conversation
_SESSIONS = 100_000
_FIRST_SEQ = 100_000_001
_STEP_NS = 100_000
_SOURCE = "assistant"


class _Counts(NamedTuple):
    """Numbers in the text of all lines that are another ones each time, all of so many digits."""

    ends: NDArray[np.int64]
    numbers: NDArray[np.int64]
    more: int
    digits: int


class Crowd:
    """`conversations` at once; when all have ended as many others begin."""

    def __init__(self, conversations: int, seed: int = 1) -> None:
        self._conversations = conversations
        self.events = list(_numbered(_interleaved(conversations, random.Random(seed))))
        self._pack = pack_events(self.events)
        self._again = -1
        lines = [encode_event(event) for event in self.events]
        self._lengths = np.array([len(line) for line in lines], np.int64)
        self._ends = np.cumsum(self._lengths + 1)
        self._text = bytearray(b"\n".join(lines) + b"\n")
        events = len(self.events)
        self._span = events * _STEP_NS
        self._counts = (
            _found(self._text, b'"child":"' + _SOURCE.encode() + b"/", conversations * _TASKS),
            _found(self._text, b'"seq":', events),
            _found(self._text, b'"timestamp_ns":', self._span),
        )
        self.first_offset = 0

    # --- a store ---------------------------------------------------------------------------------

    def read(self, offset: int, length: int) -> bytes:
        """As of `debugger.log.stores.Store`."""
        again, start = divmod(offset, len(self._text))
        self._tell(again)
        found = bytes(self._text[start : start + length])
        return found if len(found) == length else found + self.read(offset + len(found), length - len(found))

    def _tell(self, again: int) -> None:
        """What is looked at in the lines, as it is this time: names of children, and what tells a line."""
        if again == self._again:
            return
        text = np.frombuffer(self._text, np.uint8)
        for ends, numbers, more, digits in self._counts:
            now = numbers + again * more
            for digit in range(digits):
                text[ends - digit] = now % 10 + ord("0")
                now //= 10
        self._again = again

    # --- logs ------------------------------------------------------------------------------------

    def log(self, count: int) -> EventLog:
        """A log of at least `count` events."""
        log = EventLog()
        store = log.add_store(self)
        starts = self._ends - self._lengths - 1
        for again in range(-(-count // len(self.events))):
            log.extend_packed(self._told(again), store, starts + again * len(self._text), self._lengths)
        return log

    def _told(self, again: int) -> Pack:
        first, before = self._pack, again * len(self.events)
        shift = again * self._span
        return first._replace(
            times=first.times + shift,
            monos=first.monos + shift,
            seqs=first.seqs + before,
            names={column: self._names(column, names, again) for column, names in first.names.items()},
            ids=_counted_on(first.ids, before),
            causes=_counted_on(first.causes, before),
        )

    def _names(self, column: str, names: Names, again: int) -> Names:
        if not again or column not in ("session", "correlation", "worker", "task"):
            return names
        more = again * self._conversations
        if column == "task":
            told = [name and f"{name[:-8]}{int(name[-8:]) + more * _TASKS}" for name in names.distinct]
        else:
            told = [name and f"s{int(name[1:7]) + more}{name[7:]}" for name in names.distinct]
        return Names(told, names.numbers)


def _interleaved(conversations: int, chance: random.Random) -> Iterator[Event]:
    """One after the other goes on, until its task gives way."""
    stories = [recorded(name) for name in RECORDED]
    runs = []
    for number in range(conversations):
        told = (renamed(event, number) for event in stories[number % len(stories)])
        runs.append([list(run) for _, run in groupby(told, lambda event: event.task)][::-1])
    while runs:
        one = chance.randrange(len(runs))
        yield from runs[one].pop()
        if not runs[one]:
            runs[one] = runs[-1]
            runs.pop()


def recorded(name: str) -> list[Event]:
    """The events of a sample, in which all tasks end."""
    events = [decode_line(line) for line in (_SAMPLES / f"{name}.jsonl").read_bytes().splitlines()]
    ends = {event.task for event in events if event.event_type in ("task_finished", "message_handled")}
    # What goes on to the end of the recording ends with it, for here the process goes on.
    last = {event.task: event for event in events if event.task is not None and event.task not in ends}
    return events + [
        msgspec.structs.replace(
            event,
            event_type="task_finished",
            message_type=None,
            id=f"{event.source}-{len(events) + number}",
            data={"child": event.task},
            component_state={},
        )
        for number, event in enumerate(last.values(), 1)
    ]


def renamed(event: Event, number: int) -> Event:
    """An event of another conversation."""
    data = msgspec.json.decode(encode_payload(event.data))
    if isinstance(child := data.get("child"), str):
        data["child"] = _task(child, number)
    session = f"s{_SESSIONS + number}"
    return msgspec.structs.replace(
        event,
        session_id=event.session_id and session,
        correlation_id=event.correlation_id and session + event.correlation_id[2:],
        worker_id=event.worker_id and session + event.worker_id[2:],
        id=event.id and f"{number}:{event.id.rsplit('-')[-1]}",
        cause=event.cause and f"{number}:{event.cause.rsplit('-')[-1]}",
        task=event.task and _task(event.task, number),
        source=_SOURCE,
        data=data,
    )


def _task(name: str, number: int) -> str:
    name = name.rsplit("/", 1)[-1]
    kind = name.rstrip("0123456789")
    return f"{_SOURCE}/{kind}{_FIRST + number * _TASKS + int(name[len(kind) :])}"


def _numbered(events: Iterator[Event]) -> Iterator[Event]:
    """With ids that count, as our recorder's do."""
    ids: dict[str | None, str | None] = {None: None}
    start = 1_760_000_000_000_000_000
    for number, event in enumerate(events):
        seq, after = _FIRST_SEQ + number, number * _STEP_NS
        ids[event.id] = f"{_SOURCE}-{seq}"
        yield msgspec.structs.replace(
            event,
            id=ids[event.id],
            cause=ids[event.cause],
            seq=seq,
            timestamp=(start + after) / 1e9,
            timestamp_ns=start + after,
            mono_ns=after,
        )


def _found(text: bytearray, mark: bytes, more: int) -> _Counts:
    """The number after each `mark`; between them may be letters."""
    ends: list[int] = []
    numbers: list[int] = []
    for told in re.finditer(re.escape(mark) + rb"[a-z]*(\d+)", text):
        ends.append(told.end(1) - 1)
        numbers.append(int(told[1]))
    return _Counts(np.array(ends, np.int64), np.array(numbers, np.int64), more, len(str(numbers[0])))


def _counted_on(texts: Texts, by: int) -> Texts:
    if texts.counts is None:
        raise ValueError("ids of a crowd count")
    return texts._replace(counts=texts.counts + by)

"""Long recordings of conversations that are told again and again, as our own recorder would write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from backend.events import Event, encode_lines
from debugger.log.pack import Names, Pack, Texts, pack_events
from tests.support.voicelog import voice_log

_STORY = {"seed": 7, "turns": 4, "sessions": 2}


def write_recording(path: Path, count: int) -> int:
    """Write at least `count` events, with new sessions, ids and tasks each time; returns how many."""
    story = voice_log(**_STORY)
    written = again = 0
    with path.open("wb") as file:
        while written < count:
            told = _Again(story, again)
            file.write(encode_lines([told.event(event) for event in story]))
            written += len(story)
            again += 1
    return written


def packs(count: int) -> Iterator[tuple[Pack, int]]:
    """The same events as packs, and the bytes that each pack's lines would have, without the file."""
    story = voice_log(**_STORY)
    first, size = pack_events(story), len(encode_lines(story))
    for again in range(-(-count // len(story))):
        told = _Again(story, again)
        names = {
            column: Names([told.name(column, text) for text in names.distinct], names.numbers)
            for column, names in first.names.items()
        }
        yield (
            first._replace(
                times=first.times + told.shift,
                monos=np.where(first.monos < 0, first.monos, first.monos + told.shift),
                seqs=first.seqs + told.before,
                names=names,
                ids=told.texts(first.ids),
                causes=told.texts(first.causes),
            ),
            size,
        )


class _Again:
    """One telling of the story."""

    def __init__(self, story: list[Event], again: int) -> None:
        self.before = again * len(story)
        self.shift = again * (story[-1].mono_ns or 0)
        self._mark = f"~{again}"
        self._tasks = again * len({event.task for event in story})

    def event(self, event: Event) -> Event:
        session = self.name("session", event.session_id)
        return msgspec.structs.replace(
            event,
            timestamp=event.timestamp + self.shift / 1e9,
            timestamp_ns=(event.timestamp_ns or 0) + self.shift,
            mono_ns=(event.mono_ns or 0) + self.shift,
            seq=(event.seq or 0) + self.before,
            id=_counted_on(event.id, self.before),
            cause=_counted_on(event.cause, self.before),
            task=self.name("task", event.task),
            session_id=session,
            worker_id=self.name("worker", event.worker_id),
            correlation_id=self.name("correlation", event.correlation_id),
        )

    def name(self, column: str, text: str | None) -> str | None:
        if text is None:
            return None
        if column == "task":
            return _counted_on(text, self._tasks)
        if column == "correlation":  # it begins with the session
            session, rest = text.split("_", 1)
            return f"{session}{self._mark}_{rest}"
        return f"{text}{self._mark}" if column in {"session", "worker"} else text

    def texts(self, texts: Texts) -> Texts:
        counts = texts.counts
        return texts if counts is None else texts._replace(counts=counts + self.before)


def _counted_on(text: str | None, by: int) -> str | None:
    if text is None:
        return None
    head = text.rstrip("0123456789")
    return f"{head}{int(text[len(head) :]) + by}"

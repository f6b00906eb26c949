"""A long file read in stretches, by other processes that may die, is what it is when read in one go."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_event
from debugger.log import EventLog
from debugger.log.records import BrokenLine
from debugger.sources import helpers, segments
from debugger.sources.file import open_recordings
from debugger.sources.headings import Headings
from debugger.sources.linereader import LineReader
from debugger.sources.segments import bounds, read_segment, segment_from_wire, segment_to_wire
from tests.support.examples import tried
from tests.support.voicelog import base_lines, voice_lines, voice_log

PIECES = st.sampled_from(
    [
        encode_event(Event(1.0, "x", "c", seq=1)),
        encode_event(Event(2.0, "error", "ü", "M", data={"text": "ü" * 40}, component_state={"a": 1})),
        b'{"timestamp":3,"event_type":"x","component":"c","component_state":null,"data":null}',
        b'{"timestamp":3,"event_type":"system","component":"c","component_state":{ },"message_type":"GAP"}',
        b'{"timestamp":3,"event_type":"x","component":"c","data":[1]}',
        b'{"timestamp":3,"event_type":"x","component":"c","component_state":5}',
        b'{"timestamp":3,"event_type":"x","component":"c","user_id":5}',
        b'{"timestamp":3,"event_type":"x","component":"c","data":{"text":"\xff"}}',
        b"nonsense",
        b"",
        b" ",
        b"\xef\xbb\xbf" + encode_event(Event(4.0, "x", "c")),
        encode_event(Event(5.0, "x", "c")) + b"\r",
    ]
)


def in_one_go(text: bytes) -> tuple[list[tuple[int, int]], list[BrokenLine], int, BrokenLine | None]:
    reader = LineReader("p")
    batches = [reader.take(text), reader.take_last()]
    places = [
        place for one in batches for place in zip(one.offsets.tolist(), one.lengths.tolist(), strict=True)
    ]
    return places, reader.broken, reader.lines, reader.torn


def in_stretches(
    path: Path, first: int
) -> tuple[list[tuple[int, int]], list[BrokenLine], int, BrokenLine | None]:
    reader, headings = LineReader("p"), Headings()
    places: list[tuple[int, int]] = []
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    for low, high in bounds(first, 0, size):
        segment = read_segment(fd, "p", low, high, headings, aligned=low == 0)
        segment = segment_from_wire(segment_to_wire(segment))
        assert segment is not None
        if segment.begin == segment.end:
            continue
        assert segment.begin == reader.pending_offset
        reader.skip_to(segment.end, segment.lines, len(segment.offsets), segment.broken)
        assert (segment.pack is None) == (not len(segment.offsets))
        places += zip(segment.offsets.tolist(), segment.lengths.tolist(), strict=True)
    rest = os.pread(fd, size, reader.pending_offset)
    os.close(fd)
    for last in (reader.take(rest), reader.take_last()):
        places += zip(last.offsets.tolist(), last.lengths.tolist(), strict=True)
    return places, reader.broken, reader.lines, reader.torn


@tried(50)
@given(
    lines=st.lists(PIECES, max_size=12),
    ended=st.booleans(),
    segment=st.integers(1, 300),
    first=st.integers(1, 200),
)
def test_stretches_of_any_length_give_the_same_lines(
    lines: list[bytes], ended: bool, segment: int, first: int
) -> None:
    """The same events at the same places, the same broken lines by number, the same torn end."""
    text = b"\n".join(lines) + b"\n" * ended
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT", segment)
        path = Path(folder, "a.jsonl")
        path.write_bytes(text)
        assert in_stretches(path, first) == in_one_go(text)


@tried(20)
@given(st.lists(PIECES, min_size=1, max_size=8), st.integers(1, 40))
def test_words_that_are_known_change_nothing(lines: list[bytes], again: int) -> None:
    """Whether it knows the words of a line already, a reader takes the same lines."""
    fresh, knowing = LineReader("p"), LineReader("p")
    for number in range(again):
        knowing.take(
            encode_event(Event(1.0, f"kind{number}", "c", f"M{number}", source=f"s{number}")) + b"\n"
        )
    before = knowing.pending_offset
    text = b"".join(line + b"\n" for line in lines)
    one, other = fresh.take(text), knowing.take(text)
    assert (other.offsets - before).tolist() == one.offsets.tolist()
    names = ("event_type", "component", "message_type", "severity", "source")
    told = [[[getattr(event, name) for name in names] for event in batch.events] for batch in (one, other)]
    assert told[0] == told[1]
    assert [line.reason for line in fresh.broken] == [line.reason for line in knowing.broken]


def loaded(path: Path) -> EventLog:
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    source.close()
    return log


def alike(one: EventLog, other: EventLog) -> bool:
    if len(one) != len(other) or one.stats != other.stats or one.topology.edges != other.topology.edges:
        return False
    names = ("timestamp_ns", "turn", "seq", "cause_row", "severity", "family")
    return all(np.array_equal(one.column(name), other.column(name)) for name in names) and all(
        one.header(row) == other.header(row) for row in range(0, len(one), 97)
    )


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[helpers._Helper]]:
    """Helpers for files of any size; all that were started, to be looked at."""
    made: list[helpers._Helper] = []

    class Watched(helpers._Helper):
        def __init__(self, fd: int, path: str, share: tuple[int, int, int, int, int]) -> None:
            super().__init__(fd, path, share)
            made.append(self)

    monkeypatch.setattr(helpers, "MIN_BYTES", 0)
    monkeypatch.setattr(helpers, "_Helper", Watched)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    yield made
    assert all(one._process.returncode is not None for one in made)


def story(path: Path) -> Path:
    """Some megabytes, with lines of all kinds between."""
    parts = [voice_lines(seed, turns=4) for seed in range(6)]
    parts.insert(2, b"nonsense\r\n\r\n" + base_lines(voice_log(9, sessions=1)) + b'{"torn')
    path.write_bytes(b"\n".join(parts) + b'{"timestamp":5,"event_ty')
    return path


def test_helpers_read_what_one_process_reads(
    tmp_path: Path, started: list[helpers._Helper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole log is the same, and no process is left."""
    path = story(tmp_path / "story.jsonl")
    helped = loaded(path)
    assert started
    monkeypatch.setattr(helpers, "MIN_BYTES", 1 << 60)
    assert alike(helped, loaded(path))
    assert helped.stats.broken_count == 3


@pytest.mark.parametrize("how", ["killed", "lies", "silent"])
def test_a_helper_that_fails_costs_nothing_but_time(
    tmp_path: Path, started: list[helpers._Helper], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Killed, or sending nonsense, or nothing: the rest is read without it."""
    path = story(tmp_path / "story.jsonl")
    read = helpers._Helper.segment

    def segment(self: helpers._Helper) -> segments.Segment | None:
        if how == "killed":
            self._process.kill()
            self._process.wait()
        elif how == "lies":
            self._taken.appendleft(b"\xc1abc")
        else:
            return None
        return read(self)

    monkeypatch.setattr(helpers._Helper, "segment", segment)
    failed = loaded(path)
    assert started
    monkeypatch.setattr(helpers, "MIN_BYTES", 1 << 60)
    assert alike(failed, loaded(path))


def test_stopping_early_leaves_no_process(tmp_path: Path, started: list[helpers._Helper]) -> None:
    """Whoever turns away after the first rows ends the helpers with it."""
    log = EventLog()
    source = open_recordings([story(tmp_path / "story.jsonl")])
    steps = source.load(log, should_stop=lambda: len(log) > 0)
    for _ in steps:
        pass
    assert started
    assert 0 < len(log) < 1000
    source.close()


def test_a_file_that_grew_meanwhile_goes_on_where_the_helpers_ended(
    tmp_path: Path, started: list[helpers._Helper]
) -> None:
    """What comes after their end is read by polling; a torn end is completed."""
    path = tmp_path / "grows.jsonl"
    whole = voice_lines(3, turns=4)
    path.write_bytes(whole[:-100])
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    assert started
    assert log.stats.torn
    with path.open("ab") as file:
        file.write(whole[-100:])
    assert source.poll(log) == 1
    assert not log.stats.torn
    assert len(log) == whole.count(b"\n")
    assert not source.notices
    source.close()

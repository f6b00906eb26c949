"""Recordings of clocks that disagree come together with every file's order, and causes first."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_lines
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.support.examples import tried


@st.composite
def worlds(draw: st.DrawFn) -> list[list[Event]]:
    """What really happened in some processes, one event after the other, each with a clock that is off."""
    files: list[list[Event]] = [[] for _ in range(draw(st.integers(2, 4)))]
    skews = [draw(st.integers(-50, 50)) for _ in files]
    made: list[Event] = []
    for now in range(draw(st.integers(0, 40))):
        place = draw(st.integers(0, len(files) - 1))
        cause = draw(st.sampled_from(made)).id if made and draw(st.booleans()) else None
        at = (1000 + now + skews[place]) * 1_000_000
        event = Event(
            at / 1e9,
            "message_published",
            f"c{place}",
            id=f"p{place}-{len(files[place])}",
            source=f"p{place}",
            seq=len(files[place]) + 1,
            timestamp_ns=at,
            cause=cause,
        )
        files[place].append(event)
        made.append(event)
    return files


def load(files: list[list[Event]]) -> EventLog:
    log = EventLog()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.jsonl") for number in range(len(files))]
        for path, events in zip(paths, files, strict=True):
            path.write_bytes(encode_lines(events))
        source = open_recordings(paths)
        source.load_all(log)
        source.close()
    return log


@tried(20)
@given(worlds())
def test_no_order_that_is_known_is_broken(files: list[list[Event]]) -> None:
    """Each source counts up, each effect comes after its cause, nothing is lost or doubled."""
    log = load(files)
    assert len(log) == sum(map(len, files))
    last: dict[str | None, int] = {}
    for row in range(len(log)):
        header = log.header(row)
        assert header.seq == last.get(header.source, 0) + 1
        last[header.source] = header.seq
        assert (header.cause is None) == (header.cause_row is None)
        assert header.cause_row is None or header.cause_row < row


@tried(30)
@given(worlds())
def test_without_causes_time_alone_orders(files: list[list[Event]]) -> None:
    """Where nothing else speaks, rows stand in the order of their times."""
    for events in files:
        for event in events:
            event.cause = None
    times = load(files).column("timestamp_ns").tolist()
    assert times == sorted(times)


def test_a_circle_of_causes_ends() -> None:
    """Files that each wait for the other are broken up by time, and all is loaded."""
    first = [Event(2.0, "x", "a", id="a1", cause="b1"), Event(3.0, "x", "a", id="a2")]
    second = [Event(1.0, "x", "b", id="b0", cause="a2"), Event(1.5, "x", "b", id="b1")]
    log = load([first, second])
    assert [log.header(row).id for row in range(len(log))] == ["b0", "b1", "a1", "a2"]


def test_equal_ids_of_different_recordings_are_not_mixed_up() -> None:
    """Ids are unique within a recording: a cause is looked for in its own file first."""
    files = [[Event(at + place, "x", str(place), id="1"), Event(at + 2.0 + place, "x", str(place), cause="1")]
             for place, at in enumerate((1.0, 1.0))]  # fmt: skip
    log = load(files)
    effects = [log.header(row) for row in range(len(log)) if log.header(row).cause]
    assert len(effects) == 2
    for effect in effects:
        assert effect.cause_row is not None
        assert log.header(effect.cause_row).component == effect.component

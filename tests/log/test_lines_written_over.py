"""Lines that are read many at once are as certain as those that are read one by one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from debugger.log import EventLog, FieldSearch
from debugger.log.fields import read_lines
from debugger.sources.file import FileSource, open_recordings

COUNT = 60


def line(number: int, state: int) -> bytes:
    """A snapshot, as long as any other."""
    told = {
        "timestamp": 1e9 + number,
        "event_type": "state_change",
        "component": "c",
        "component_state": {"n": 100 + state},
        "seq": 100 + number,
    }
    return json.dumps(told).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording in which the state changes in every tenth event."""
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b"".join(line(number, number // 10) for number in range(COUNT)))
    return path


def opened(path: Path) -> tuple[EventLog, FileSource]:
    """It, loaded."""
    log, source = EventLog(), open_recordings([path])
    source.load_all(log)
    return log, source


def changes(log: EventLog) -> list[int]:
    """Rows where the state changed, as a search tells them."""
    search = FieldSearch(log, "c", None, ("n",), len(log) - 1, limit=100)
    search.advance(lambda: 0, 1)
    return [change.row for change in search.changes]


def test_a_file_that_nobody_touched_is_read_in_stretches(path: Path) -> None:
    """And gives each line as it came."""
    log, source = opened(path)
    assert log.certain(int(log.column("store")[0]))
    assert read_lines(log, range(COUNT)) == [log.raw(row) for row in range(COUNT)]
    assert read_lines(log, []) == []
    assert changes(log) == [50, 40, 30, 20, 10, 0]
    source.close()


def test_lines_of_other_events_are_never_taken_for_those_that_were_read(path: Path) -> None:
    """The file is written over in place, in its middle: what stands there now is gone, the rest is there."""
    log, source = opened(path)
    with path.open("r+b") as file:
        file.seek(20 * len(line(0, 0)))
        file.write(b"".join(line(39 - number, 7) for number in range(20)))
    os.utime(path, ns=(1, 1))
    lines = read_lines(log, range(COUNT))
    assert lines == [log.raw(row) for row in range(COUNT)]
    assert [row for row, text in enumerate(lines) if not text] == list(range(20, 40))
    assert b'"n": 107' not in b"".join(lines)
    assert 50 in changes(log)
    assert not {20, 30} & set(changes(log))
    source.close()


def test_a_file_that_grew_has_its_lines_still(path: Path) -> None:
    """They are looked at one by one, since what grew may have been written over as well."""
    log, source = opened(path)
    with path.open("ab") as file:
        file.write(line(COUNT, 6))
    source.poll(log)
    assert len(log) == COUNT + 1
    assert changes(log) == [60, 50, 40, 30, 20, 10, 0]
    assert all(read_lines(log, range(COUNT + 1)))
    source.close()

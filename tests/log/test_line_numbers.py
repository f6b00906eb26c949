"""Rows by the number of their line, as an editor shows them."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.support.examples import tried

EVENT = {"timestamp": 1.0, "event_type": "error", "component": "c"}
LINES = st.lists(st.sampled_from(["event", "", "torn {", "long"]), max_size=30)


def text_of(kinds: list[str]) -> tuple[bytes, list[int]]:
    """A file, and the numbers of those of its lines that are events."""
    made = {
        "event": json.dumps(EVENT).encode(),
        "long": json.dumps(EVENT | {"data": {"text": "x" * 70_000}}).encode(),
    }
    lines = [made.get(kind, kind.encode()) for kind in kinds]
    numbers = [number for number, kind in enumerate(kinds, start=1) if kind in made]
    return b"".join(line + b"\n" for line in lines), numbers


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
@tried(40)
@given(LINES)
def test_every_row_has_the_number_of_its_line(suffix: str, kinds: list[str]) -> None:
    """Blank and broken lines are counted, packed or not."""
    text, numbers = text_of(kinds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
        log = EventLog()
        source = open_recordings([str(path)])
        source.load_all(log)
        assert log.line_numbers(range(len(log))) == dict(enumerate(numbers))
        source.close()


def test_rows_of_two_files_have_each_their_own(tmp_path: Path) -> None:
    """However they are merged."""
    paths = []
    for name, times in (("a", (1, 4, 5)), ("b", (2, 3, 6))):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(EVENT | {"timestamp": time}) + "\n" for time in times))
        paths.append(str(path))
    log = EventLog()
    open_recordings(paths).load_all(log)
    assert log.line_numbers(range(6)) == {0: 1, 1: 1, 2: 2, 3: 2, 4: 3, 5: 3}


def test_what_came_live_has_no_line() -> None:
    """There is no file."""
    log = EventLog()
    line = json.dumps(EVENT).encode()
    log.append(line, decode_line(line))
    assert log.line_numbers([0]) == {}


def test_a_file_that_was_cut_has_no_line_behind_its_end(tmp_path: Path) -> None:
    """Nothing is guessed."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(text_of(["event"] * 5)[0])
    log = EventLog()
    open_recordings([str(path)]).load_all(log)
    path.write_bytes(text_of(["event"] * 2)[0])
    assert log.line_numbers(range(5)) == {0: 1, 1: 2, 2: 3}

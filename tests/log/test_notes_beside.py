"""Bookmarks and notes are kept beside the recording, and nothing that is there is destroyed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from debugger.log import EventLog
from debugger.sources.file import open_recordings
from debugger.sources.notes import MAX_NOTE, SUFFIX, Notes
from tests.tui.interface import conversation, write_recording


def loaded(path: Path) -> EventLog:
    log = EventLog()
    open_recordings([path]).load_all(log)
    return log


def test_marks_come_back_with_the_recording(tmp_path: Path) -> None:
    """By source and seq: also when the recording has other rows before them by then."""
    lines = conversation()
    path = write_recording(tmp_path / "talk.jsonl", lines)
    notes = Notes([str(path)])
    log = loaded(path)
    notes.put(log, 7, "here it breaks")
    notes.put(log, 3)
    write_recording(path, lines[2:])
    again = Notes([str(path)])
    again.resolve(loaded(path))
    assert [(mark.row, mark.note) for mark in again.marks] == [(1, ""), (5, "here it breaks")]
    assert again.beyond(1, 1) == 5
    assert again.beyond(1, -1) is None


def test_marks_wait_for_events_that_are_not_loaded_yet(tmp_path: Path) -> None:
    """And writing meanwhile keeps them."""
    lines = conversation()
    path = write_recording(tmp_path / "talk.jsonl", lines)
    log = loaded(path)
    Notes([str(path)]).put(log, 20, "late")
    short = loaded(write_recording(tmp_path / "short.jsonl", lines[:5]))
    notes = Notes([str(path)])
    notes.resolve(short)
    assert notes.marks == ()
    notes.put(short, 2, "early")
    both = Notes([str(path)])
    both.resolve(log)
    assert [mark.note for mark in both.marks] == ["early", "late"]


def test_the_last_mark_takes_the_file_with_it(tmp_path: Path) -> None:
    """No empty file stays beside the recording."""
    path = write_recording(tmp_path / "talk.jsonl", conversation())
    log, notes = loaded(path), Notes([str(path)])
    notes.put(log, 4, "x" * (MAX_NOTE + 5))
    assert len(json.loads(Path(f"{path}{SUFFIX}").read_text())["marks"][0]["note"]) == MAX_NOTE
    notes.drop(4)
    assert [one.name for one in tmp_path.iterdir()] == ["talk.jsonl"]


HEAD = b'{"schema":"doubletalk.notes/1",'
DEEP = HEAD + b'"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b'{"schema":"other/1","marks":[]}', b"\xff\xfe", DEEP, b" " * (5 << 20)),
        HEAD + b'"marks":[{"row":"first"}]}',
    ],
    ids=["empty", "torn", "a list", "another", "binary", "deep", "large", "wrong types"],
)
def test_a_file_that_is_no_notes_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """New marks then live in memory only."""
    path = write_recording(tmp_path / "talk.jsonl", conversation())
    beside = Path(f"{path}{SUFFIX}")
    beside.write_bytes(content)
    notes = Notes([str(path)])
    assert len(notes.problems) == 1
    assert str(beside) in notes.problems[0]
    assert "\n" not in notes.problems[0]
    notes.put(loaded(path), 4, "mine")
    assert notes.volatile
    assert beside.read_bytes() == content


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """Whoever packed the recording may have packed a pipe or a folder of that name, or a link without end."""
    path = write_recording(tmp_path / "talk.jsonl", conversation())
    beside = Path(f"{path}{SUFFIX}")
    os.mkfifo(beside)
    assert "not a file" in Notes([str(path)]).problems[0]
    beside.unlink()
    beside.mkdir()
    assert "Is a directory" in Notes([str(path)]).problems[0]
    beside.rmdir()
    beside.symlink_to("/dev/zero")
    assert "not a file" in Notes([str(path)]).problems[0]


def test_marks_of_events_that_there_cannot_be_wait_and_stay(tmp_path: Path) -> None:
    """Numbers beyond every column; a note of any length is cut."""
    path = write_recording(tmp_path / "talk.jsonl", conversation())
    beside = Path(f"{path}{SUFFIX}")
    far = [
        {"row": 10**30},
        {"row": -7},
        {"row": 1, "seq": 10**30},
        {"row": 1, "seq": -(2**63), "source": "x"},
    ]
    marks = [*far, {"row": 2, "note": "\x1b[2J" * MAX_NOTE}]
    beside.write_text(json.dumps({"schema": "doubletalk.notes/1", "marks": marks}))
    log, notes = loaded(path), Notes([str(path)])
    notes.resolve(log)
    assert [(mark.row, len(mark.note)) for mark in notes.marks] == [(2, MAX_NOTE)]
    notes.put(log, 3)
    assert len(json.loads(beside.read_text())["marks"]) == len(marks) + 1


def test_a_note_that_no_file_can_hold_is_kept_as_far_as_it_can(tmp_path: Path) -> None:
    """Half a pair of a character has no UTF-8."""
    path = write_recording(tmp_path / "talk.jsonl", conversation())
    log, notes = loaded(path), Notes([str(path)])
    notes.put(log, 1, "a half: \ud800")
    again = Notes([str(path)])
    again.resolve(log)
    assert [(mark.row, mark.note) for mark in again.marks] == [(1, "a half: ?")]


def test_a_live_log_keeps_marks_in_memory() -> None:
    """There is no file to keep them beside."""
    notes = Notes()
    assert notes.volatile
    assert Notes(["-"]).volatile

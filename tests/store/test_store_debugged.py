"""A store in the debugger: one recording, or a time range of it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from backend.events import encode_event, encode_lines
from backend.store.layout import catalogue
from backend.store.writer import Policy, Writer
from debugger.log import EventLog
from debugger.sources.errors import SourceError
from debugger.sources.file import open_recordings
from tests.store.stored import START_NS, event
from tests.support.commands import say
from tests.support.voicelog import voice_log


def at(number: float) -> str:
    """The time of an event, by its seq."""
    return dt.datetime.fromtimestamp(START_NS / 1e9 + number / 1e3, dt.UTC).isoformat()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events 1 to 1,000, a millisecond apart, in five segments and as many parts, the last one open."""
    folder = tmp_path_factory.mktemp("debugged") / "s"
    with Writer(folder, Policy(segment_bytes=40_000)) as writer:
        for start in range(1, 1_001, 50):
            writer.write(encode_lines([event(seq) for seq in range(start, start + 50)]))
            writer.tick()
    assert len(catalogue(folder).segments) >= 4
    return folder


def seqs(*paths: str) -> list[int]:
    log = EventLog()
    source = open_recordings(paths)
    source.load_all(log)
    source.close()
    found: list[int] = log.column("seq")[:].tolist()
    assert [log.event(row)["seq"] for row in range(0, len(log), 97)] == found[::97]
    return found


def test_a_store_is_one_recording_in_the_order_in_which_it_was_written(store: Path) -> None:
    """Whatever segments it has."""
    assert seqs(str(store)) == list(range(1, 1_001))
    (one,) = json.loads(say("stats", str(store), "--json").out)["recordings"]
    assert (one["path"], one["events"], one["missing_events"]) == (str(store), 1_000, 0)
    report = json.loads(say("check", str(store), "--format", "json").out)
    assert [(one["path"], one["events"]) for one in report["inputs"]] == [(str(store), 1_000)]


@pytest.mark.parametrize(
    ("since", "until"), [(1, 2), (100, 900), (250, 251), (999, 5_000), (-50, 3), (1, 1_001)]
)
def test_of_a_time_range_only_that_is_read(since: int, until: int, store: Path) -> None:
    """From the first time on, to before the second."""
    wanted = [seq for seq in range(1, 1_001) if since <= seq < until]
    assert seqs(f"{store}@{at(since)}..{at(until)}") == wanted
    assert seqs(f"{store}@{at(since)}..") == [seq for seq in range(1, 1_001) if seq >= since]
    assert seqs(f"{store}@..{at(until)}") == [seq for seq in range(1, 1_001) if seq < until]
    for command in ("replay", "check", "stats"):
        said = say(command, str(store), "--from", at(since), "--to", at(until))
        assert str(len(wanted)) in said.out, said


def test_segments_outside_of_the_range_are_not_opened(store: Path) -> None:
    """Told by the names of the index."""
    (first, *_), parts, _ = catalogue(store)
    last = next(part for part in reversed(parts) if part.times is not None)
    source = open_recordings([f"{store}@{at(1)}..{at(10)}"])
    assert [one.path for one in source._recordings] == [str(first.path)]
    source.close()
    assert last.first > first.first


def test_a_range_may_be_of_a_plain_recording(tmp_path: Path) -> None:
    """Which is read as a whole; a file whose name looks like a range is a file."""
    lines = encode_lines([event(seq) for seq in range(1, 11)])
    (tmp_path / "a.jsonl").write_bytes(lines)
    (tmp_path / "a@1..2").write_bytes(lines)
    assert seqs(f"{tmp_path}/a.jsonl@{at(3)}..{at(5)}") == [3, 4]
    assert len(seqs(f"{tmp_path}/a@1..2")) == 10


def test_ranges_of_a_store_and_a_recording_are_merged(store: Path, tmp_path: Path) -> None:
    """By time, each cut to the range."""
    (tmp_path / "a.jsonl").write_bytes(encode_lines([event(seq, source="b") for seq in range(1, 1_001)]))
    said = say("replay", str(store), str(tmp_path / "a.jsonl"), "--from", at(400), "--to", at(410))
    assert said.out.split()[:2] == ["events", "20"]
    merged = seqs(f"{store}@{at(400)}..{at(403)}", f"{tmp_path}/a.jsonl@{at(400)}..{at(403)}")
    assert merged == [400, 400, 401, 401, 402, 402]


def test_conversations_are_judged_as_from_a_file(tmp_path: Path) -> None:
    """The same findings, whichever way they are kept."""
    events = voice_log(3)
    (tmp_path / "a.jsonl").write_bytes(encode_lines(events))
    with Writer(tmp_path / "s", Policy(segment_bytes=20_000)) as writer:
        for start in range(0, len(events), 40):
            writer.write(b"".join(encode_event(one) + b"\n" for one in events[start : start + 40]))
            writer.tick()
    found = [json.loads(say("check", str(tmp_path / one), "-f", "json").out) for one in ("a.jsonl", "s")]
    rules = [[(one["rule"], one["events"]) for one in report["findings"]] for report in found]
    assert rules[0] == rules[1] != []
    assert found[0]["inputs"][0]["sessions"] == found[1]["inputs"][0]["sessions"] == 2


def test_a_segment_that_is_missing_is_a_gap_that_is_named(tmp_path: Path) -> None:
    """By the file, and by the events that are not there."""
    with Writer(tmp_path / "s", Policy(segment_bytes=1)) as writer:
        for seq in range(1, 6):
            writer.write(encode_lines([event(seq)]))
            writer.tick()
    (tmp_path / "s" / "events" / "000003.jsonl").unlink()
    said = say("stats", str(tmp_path / "s"))
    assert "000003 between 000002.jsonl and 000004.jsonl is missing" in said.err
    assert said.out.splitlines()[7].split() == ["missing", "events", "1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "yesterday"), "'yesterday' is no time: write 2026-11-21T10:00"),
        (("--from", "2026-11-21", "--to", "2026-11-20"), "--from 2026-11-21 is not before --to 2026-11-20"),
        (("--from", "2030-01-01"), "nothing in this range"),
    ],
)
def test_a_range_that_is_none_is_told(words: tuple[str, ...], said: str, store: Path) -> None:
    """In a line."""
    done = say("stats", str(store), *words)
    assert said in done.err
    assert "Traceback" not in done.err


def test_what_is_no_store_is_told(tmp_path: Path, store: Path) -> None:
    """Another version, a damaged one, links that lead outside."""
    (tmp_path / "store.json").write_text('{"format": "doubletalk.store/9"}')
    for command in (("stats",), ("check",), ("query", "SELECT 1 FROM events"), ("replay",)):
        said = say(command[0], str(tmp_path), *command[1:])
        assert said.code == 2
        (line,) = said.err.splitlines()
        assert "a store of another version ('doubletalk.store/9', this reads 'doubletalk.store/1')" in line
    (tmp_path / "store.json").write_text("{")
    assert "is damaged" in say("stats", str(tmp_path)).err
    (tmp_path / "store.json").write_text('{"format": "doubletalk.store/1"}')
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "000001.jsonl").symlink_to(store / "events" / "000001.jsonl")
    assert seqs(str(tmp_path)) == []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "store.json").write_text('{"format": "doubletalk.store/1"}')
    (tmp_path / "other" / "events").symlink_to(store / "events")
    with pytest.raises(SourceError, match="is a link"):
        open_recordings([tmp_path / "other"])

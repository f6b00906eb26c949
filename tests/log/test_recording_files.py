"""Recordings of every kind and condition become a log: nothing readable is lost, nothing broken is silent."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from backend.events import encode_event
from debugger.log import GONE, EventLog
from debugger.log.playback import Playback
from debugger.log.rates import RateMeter
from debugger.sources.file import FileSource, open_recordings
from debugger.sources.recording import SourceError
from tests.support.examples import tried
from tests.support.voicelog import voice_log

STORY = [encode_event(event) for event in voice_log(1, turns=2, sessions=1)]


def load(*paths: Path) -> tuple[EventLog, tuple[str, ...]]:
    log = EventLog()
    source = open_recordings([str(path) for path in paths])
    source.load_all(log)
    notices = source.notices
    source.close()
    return log, notices


def plain(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.jsonl", bytes),
        ("a.jsonl.gz", gzip.compress),
        ("a.jsonl.zst", zstandard.ZstdCompressor().compress),
        ("bom.jsonl", lambda data: b"\xef\xbb\xbf" + data),
        ("crlf.jsonl", lambda data: data.replace(b"\n", b"\r\n")),
        ("blank.jsonl", lambda data: data.replace(b"\n", b"\n\n \n")),
        ("no_newline_at_end.jsonl", lambda data: data[:-1]),
    ],
)
def test_a_recording_is_read_in_whatever_form_it_comes(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    """Plain or packed, with or without a byte order mark, Unix or Windows lines, blank lines between."""
    path = tmp_path / name
    path.write_bytes(pack(plain(STORY)))
    log, _ = load(path)
    assert len(log) == len(STORY)
    assert [log.event(row) for row in range(len(log))] == [json.loads(line) for line in STORY]
    assert log.stats.broken_count == 0


def test_broken_lines_are_counted_named_and_skipped(tmp_path: Path) -> None:
    """With their line number and why; the rest loads."""
    path = tmp_path / "broken.jsonl"
    lines = [STORY[0], b"nonsense", b'{"timestamp":"x"}', STORY[1], b'\xff\xfe{"a"', STORY[2], b"[1,2]"]
    path.write_bytes(plain(lines))
    log, _ = load(path)
    assert len(log) == 3
    assert [line.line for line in log.stats.broken] == [2, 3, 5, 7]
    assert all(line.reason for line in log.stats.broken)


def test_a_torn_last_line_is_told_and_may_still_be_completed(tmp_path: Path) -> None:
    """While the writer goes on, the line waits; once whole, it is an event."""
    path = tmp_path / "growing.jsonl"
    path.write_bytes(plain(STORY[:3]) + STORY[3][:40])
    log = EventLog()
    source = open_recordings([str(path)])
    source.load_all(log)
    assert len(log) == 3
    assert [line.line for line in log.stats.torn] == [4]
    with path.open("ab") as file:
        file.write(STORY[3][40:] + b"\n" + STORY[4] + b"\n")
    source.poll(log)
    assert len(log) == 5
    assert not log.stats.torn
    source.close()


@tried(40)
@given(st.integers(1, 400), st.booleans())
def test_a_packed_recording_cut_anywhere_gives_what_can_be_read(cut: int, zipped: bool) -> None:
    """A killed writer's file: whole events up to the damage, and a word about it."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("cut.jsonl.gz" if zipped else "cut.jsonl.zst")
        pack = gzip.compress if zipped else zstandard.ZstdCompressor().compress
        whole = pack(plain(STORY[:20])) + pack(plain(STORY[20:40]))
        path.write_bytes(whole[:-cut] if cut < len(whole) else whole[:1])
        try:
            log, notices = load(path)
        except SourceError as error:
            assert error.problems  # noqa: PT017 - refusing it whole is as good as saying so
            return
        assert [log.event(row) for row in range(len(log))] == [json.loads(line) for line in STORY[: len(log)]]
        assert notices


def opened(path: Path) -> tuple[EventLog, FileSource]:
    log = EventLog()
    source = open_recordings([str(path)])
    source.load_all(log)
    return log, source


def test_a_file_written_over_while_open_never_shows_other_events_as_its_own(tmp_path: Path) -> None:
    """Rows whose bytes changed say that they are gone, the others still read; it is told once and stays."""
    path = tmp_path / "over.jsonl"
    path.write_bytes(plain(STORY[:20]))
    log, source = opened(path)
    assert not source.notices
    swapped = [*STORY[:9], *STORY[10:20], STORY[9]]
    with path.open("r+b") as file:
        file.write(plain(swapped))
    assert source.poll(log) == 0
    assert len(log) == 20
    for row in range(20):
        told = log.event(row)
        assert told in (json.loads(STORY[row]), {GONE: "no longer in the file"})
        assert log.header(row).evicted == (GONE in told) == (log.raw(row) == b"")
        assert ("no longer in the file" in log.summary(row)) == (GONE in told)
    assert log.event(5) == json.loads(STORY[5])
    assert log.event(12) == {GONE: "no longer in the file"}
    assert "written over" in source.notices[0]
    with path.open("ab") as file:
        file.write(plain(STORY[20:22]))
    assert source.poll(log) == 0
    assert len(source.notices) == 1
    source.close()


def test_a_file_cut_and_written_anew_is_not_taken_for_its_continuation(tmp_path: Path) -> None:
    """As logs are rotated by copying: also when it is longer than before by the time one looks."""
    path = tmp_path / "rotated.jsonl"
    path.write_bytes(plain(STORY[:5]))
    log, source = opened(path)
    path.write_bytes(plain(STORY[20:40]))
    assert source.poll(log) == 0
    assert len(log) == 5
    assert "open it again" in source.notices[0]
    source.close()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_file_written_anew_while_open_is_told(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """What was read is in memory and stays; nothing of the new text is taken for more of the old."""
    path = tmp_path / "packed"
    path.write_bytes(pack(plain(STORY[:9])))
    log, source = opened(path)
    path.write_bytes(pack(plain(STORY[20:200])))
    assert source.poll(log) == 0
    assert [log.event(row) for row in range(len(log))] == [json.loads(line) for line in STORY[:9]]
    assert "open it again" in source.changes[0]
    source.close()


def test_a_file_replaced_by_another_shows_the_old_one_and_says_so(tmp_path: Path) -> None:
    """A new file of the same name is another recording; the one that was opened can be read to its end."""
    path, other = tmp_path / "a.jsonl", tmp_path / "new.jsonl"
    path.write_bytes(plain(STORY[:5]))
    log, source = opened(path)
    other.write_bytes(plain(STORY[20:40]))
    other.rename(path)
    assert source.poll(log) == 0
    assert [log.event(row) for row in range(5)] == [json.loads(line) for line in STORY[:5]]
    assert "replaced" in source.notices[0]
    path.unlink()
    assert "deleted or moved" in source.notices[0]
    source.close()


def test_an_empty_file_is_no_events_and_a_word(tmp_path: Path) -> None:
    """Not an error."""
    path = tmp_path / "empty.jsonl"
    path.touch()
    log, notices = load(path)
    assert len(log) == 0
    assert "empty" in " ".join(notices)


def test_each_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """Missing and directory, both in one go."""
    with pytest.raises(SourceError) as refused:
        open_recordings([str(tmp_path / "none.jsonl"), str(tmp_path)])
    assert len(refused.value.problems) == 2
    assert "none.jsonl" in refused.value.problems[0]
    assert "directory" in refused.value.problems[1]


def test_several_recordings_become_one_in_time_with_causes_before_effects(tmp_path: Path) -> None:
    """Two halves of one story, dealt out in turn, come together as they were."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(plain(STORY[::2]))
    second.write_bytes(plain(STORY[1::2]))
    log, _ = load(first, second)
    assert len(log) == len(STORY)
    stamps = [log.event(row)["timestamp_ns"] for row in range(len(log))]
    assert stamps == sorted(stamps)
    for row in range(len(log)):
        cause = log.cause_row(row)
        assert cause is None or cause < row


def test_standard_input_is_a_recording_too() -> None:
    """``-`` reads what is piped in."""
    command = [sys.executable, "-m", "debugger.cli", "replay", "-"]
    run = subprocess.run(command, input=plain(STORY), capture_output=True, check=True, env=dict(os.environ))
    assert re.search(rb"events +%d\b" % len(STORY), run.stdout)


def test_a_base_format_log_loads_without_ids_or_causes(tmp_path: Path) -> None:
    """Only the ten fields of the base format: states, filter and summary work."""
    base = (
        *("timestamp", "event_type", "component", "message_type", "session_id"),
        *("user_id", "direction", "data", "correlation_id", "component_state"),
    )
    path = tmp_path / "base.jsonl"
    path.write_bytes(plain([json.dumps({k: json.loads(line)[k] for k in base}).encode() for line in STORY]))
    log, _ = load(path)
    assert len(log) == len(STORY)
    assert all(log.cause_row(row) is None for row in range(len(log)))
    assert log.topology.components


def test_playing_takes_the_recorded_time_and_no_other(tmp_path: Path) -> None:
    """At twice the speed, half the time; nothing moves while it is paused."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(plain(STORY))
    log, _ = load(path)
    playback = Playback(log, speed=2.0)
    playback.play(0)
    stamps = log.column("timestamp_ns")
    total = int(stamps[-1] - stamps[0])
    playback.advance(total // 4)
    passed = int(stamps[playback.row] - stamps[0])
    assert passed <= total // 2
    assert playback.row == len(log) - 1 or int(stamps[playback.row + 1] - stamps[0]) > total // 2 - 1
    playback.pause()
    row = playback.row
    playback.advance(10 * total)
    assert playback.row == row


def test_stepping_by_message_stops_at_publishes_and_receives(tmp_path: Path) -> None:
    """Forwards to the end and backwards to the beginning, over what lies between."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(plain(STORY))
    log, _ = load(path)
    playback = Playback(log)
    stops = []
    for _ in range(len(log)):
        before = playback.row
        if playback.step_message(1) == before:
            break
        stops.append(playback.row)
    kinds = {log.event(row)["event_type"] for row in stops[:-1]}
    assert kinds <= {"message_published", "message_received"}
    assert len(stops) > 10


def test_a_rate_counts_what_came_in_its_window() -> None:
    """Events a second over the last two; it falls to nothing when nothing comes."""
    meter = RateMeter()
    for step in range(20):
        meter.add(step * 100_000_000, 10)
    assert 80 <= meter.rate(2_000_000_000) <= 120
    assert meter.rate(20_000_000_000) == 0
    assert meter.total == 200

"""Playing to its end, through pauses and jumps of the clock; files that grow, shrink and carry too much."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event, encode_lines
from debugger.log import EventLog, Idle, Playback, RateMeter
from debugger.sources import linereader
from debugger.sources.file import open_recordings
from debugger.sources.recording import SourceError
from tests.support.examples import tried
from tests.support.voicelog import base_lines, voice_lines, voice_log

SECOND = 1_000_000_000


def at_seconds(*seconds: float) -> EventLog:
    log = EventLog()
    events = [Event(second, "x", "c", timestamp_ns=int(second * SECOND)) for second in seconds]
    lines = [encode_event(event) for event in events]
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


def test_a_long_pause_is_cut_and_said_so() -> None:
    """An hour of silence plays as two seconds, and the user can see that it was an hour."""
    playback = Playback(at_seconds(0, 1, 3601, 3602), idle_cap_ns=2 * SECOND)
    playback.play(0)
    playback.advance(SECOND)
    assert playback.row == 1
    assert playback.idle == Idle(3600 * SECOND, 2 * SECOND)
    assert playback.idle.compressed
    playback.advance(2 * SECOND)
    assert playback.row == 1
    playback.advance(3 * SECOND)
    assert playback.row == 2
    assert playback.skipped_ns == 3598 * SECOND
    playback.advance(4 * SECOND)
    assert playback.at_end
    assert not playback.playing


@tried(60)
@given(
    st.lists(st.integers(-3, 9), min_size=1, max_size=30),
    st.lists(st.integers(0, 5), max_size=20),
    st.sampled_from([0.1, 1.0, 2.5, 100.0]),
)
def test_how_often_the_screen_is_drawn_changes_nothing(
    steps: list[int], ticks: list[int], speed: float
) -> None:
    """Many small advances come to the same row as one; a clock that jumps back takes no time."""
    times = [100]
    for step in steps:
        times.append(times[-1] + step)
    log = at_seconds(*times)
    often, once = Playback(log, speed=speed), Playback(log, speed=speed)
    often.play(0)
    once.play(0)
    now = 0
    for tick in ticks:
        now += tick * SECOND
        often.advance(now)
    often.advance(now)
    once.advance(now)
    assert often.row == once.row
    budget = now * speed
    gaps = [max(0, later - earlier) * SECOND for earlier, later in pairwise(times)]
    row = 0
    while row < len(gaps) and sum(gaps[: row + 1]) <= budget:
        row += 1
    assert once.row == row


def test_speed_and_cursor_stay_in_their_bounds() -> None:
    """Whatever is asked; an empty log has nothing to play."""
    playback = Playback(at_seconds(0, 1, 2))
    playback.set_speed(1e9)
    assert playback.speed == 100
    assert playback.slower() == 50
    playback.set_speed(0)
    assert playback.speed == 0.1
    assert playback.faster() == 0.25
    assert playback.seek(99) == 2
    assert playback.step(-99) == 0
    assert playback.seek_time(int(1.5 * SECOND)) == 1
    empty = Playback(EventLog())
    empty.play(0)
    assert not empty.playing
    assert empty.step() == 0
    assert empty.idle is None


def test_playing_at_the_end_begins_again() -> None:
    """From the first row."""
    playback = Playback(at_seconds(0, 1))
    playback.seek(1)
    playback.play(0)
    assert (playback.row, playback.playing) == (0, True)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 50)), max_size=40))
def test_a_rate_is_never_more_than_what_came(arrivals: list[tuple[int, int]]) -> None:
    """The window holds what arrived in it, give or take the bucket at its edge."""
    meter = RateMeter(2 * SECOND)
    now = 0
    for wait, count in arrivals:
        now += wait
        meter.add(now, count)
    total = sum(count for _, count in arrivals)
    assert meter.total == total
    assert sum(meter.series(now)) <= total
    assert 0 <= meter.rate(now) <= total / 0.4


def test_a_growing_packed_recording_goes_on(tmp_path: Path) -> None:
    """A recorder appends members; a poll reads the new ones, also when one was only half there."""
    path = tmp_path / "live.jsonl.gz"
    lines = [encode_event(event) + b"\n" for event in voice_log(1, sessions=1)]
    first, second = gzip.compress(b"".join(lines[:10])), gzip.compress(b"".join(lines[10:20]))
    path.write_bytes(first + second[:30])
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    assert len(log) >= 10
    assert "torn or still being written" in source.notices[0]
    with path.open("ab") as file:
        file.write(second[30:])
    source.poll(log)
    assert log.raw(19) + b"\n" == lines[19]
    assert source.notices == ()
    assert source.poll(log) == 0
    source.close()


def test_a_whole_last_line_without_its_end_is_counted_once(tmp_path: Path) -> None:
    """When the newline comes later, line numbers stay right."""
    path = tmp_path / "a.jsonl"
    good = encode_lines([Event(1.0, "x", "c")])
    path.write_bytes(good + good[:-1])
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    assert len(log) == 2
    with path.open("ab") as file:
        file.write(b"\n" + good + b"broken\n")
    assert source.poll(log) == 1
    assert [line.line for line in log.stats.broken] == [4]
    source.close()


def test_a_file_cut_while_open_is_told(tmp_path: Path) -> None:
    """Its rows stay, their payloads say that they are gone."""
    path = tmp_path / "cut.jsonl"
    path.write_bytes(voice_lines(1))
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    rows = len(log)
    os.truncate(path, 100)
    assert source.poll(log) == 0
    assert len(log) == rows
    assert log.event(rows - 1) == {"…": "no longer in the file"}
    assert "cut" in source.notices[0]
    source.close()


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is skipped as broken, at its number; what follows loads."""
    monkeypatch.setattr(linereader, "MAX_LINE", 1 << 20)
    path = tmp_path / "long.jsonl"
    good = encode_lines([Event(1.0, "x", "c", data={"text": "after"})])
    path.write_bytes(good + b"x" * (3 << 20) + b"\n" + good + b"nonsense\n")
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    assert len(log) == 2
    assert log.event(1)["data"] == {"text": "after"}
    assert [line.line for line in log.stats.broken] == [2, 4]
    source.close()


def test_damage_is_named_with_what_was_saved(tmp_path: Path) -> None:
    """A packed file whose middle is wrong gives what stood before."""
    path = tmp_path / "hurt.jsonl.gz"
    whole = gzip.compress(voice_lines(1, sessions=1)) + b"\x1f\x8bnot a member at all"
    path.write_bytes(whole)
    log = EventLog()
    source = open_recordings([path])
    source.load_all(log)
    assert len(log) == len(voice_log(1, sessions=1))
    assert source.notices[0].startswith(f"{path}: damaged gzip")
    assert source.poll(log) == 0
    source.close()


def test_a_false_suffix_is_refused_in_one_line(tmp_path: Path) -> None:
    """Not as thousands of broken lines."""
    path = tmp_path / "text.jsonl.gz"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with pytest.raises(SourceError, match=r"text\.jsonl\.gz: not gzip"):
        open_recordings([path])


def test_loading_goes_in_steps_and_can_be_stopped(tmp_path: Path) -> None:
    """The first rows are there after the first step, long before the end."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(voice_lines(seed) for seed in range(8)))
    log = EventLog()
    source = open_recordings([path])
    told = []
    for progress in source.load(log, on_progress=told.append, should_stop=lambda: len(log) > 0):
        assert progress.total_bytes == path.stat().st_size
    assert len(told) == 1
    assert 0 < len(log) < 8 * len(voice_log(0))
    assert 0 < told[0].done_bytes < path.stat().st_size
    source.close()


def test_standard_input_may_be_a_file_read_in_part(tmp_path: Path) -> None:
    """Rows are read from where the rest of it really is."""
    path = tmp_path / "in.jsonl"
    lines = voice_lines(1, sessions=1, turns=1).splitlines(keepends=True)
    path.write_bytes(b"".join(lines))
    program = (
        "import sys, os; os.read(0, int(sys.argv[1]))\n"
        "from debugger.log import EventLog; from debugger.sources.file import open_recordings\n"
        "log = EventLog(); open_recordings(['-']).load_all(log)\n"
        "sys.stdout.buffer.write(b'\\n'.join(log.raw(row) for row in range(len(log))))"
    )
    command = [sys.executable, "-c", program, str(len(lines[0]))]
    with path.open("rb") as file:
        got = subprocess.run(command, stdin=file, check=True, stdout=subprocess.PIPE).stdout
    assert got == b"".join(lines[1:]).rstrip(b"\n")


def test_told_conversations_keep_the_laws_of_a_recording() -> None:
    """Same seed, same bytes; causes are there and earlier, seq has no gap, every receive is handled."""
    assert voice_lines(5) == voice_lines(5) != voice_lines(6)
    events = voice_log(1)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    seen: set[str | None] = {None}
    for event in events:
        assert event.cause in seen
        seen.add(event.id)
    received = [event.task for event in events if event.event_type == "message_received"]
    handled = [event.task for event in events if event.event_type == "message_handled"]
    assert received == handled
    ends = [event.payload() for event in events if event.message_type == "AUDIO_OUTPUT_COMPLETE"
            and event.event_type == "message_published"]  # fmt: skip
    assert sorted(end["interrupted"] for end in ends) == [False, False, False, False, True, True]
    table = {("IDLE", "HUMAN_SPEAKING"), ("HUMAN_SPEAKING", "THINKING"), ("THINKING", "BOT_SPEAKING"),
             ("BOT_SPEAKING", "IDLE"), ("BOT_SPEAKING", "HUMAN_SPEAKING")}  # fmt: skip
    changes = [
        event.payload()
        for event in events
        if event.component == "overseer" and event.event_type == "state_change"
    ]
    assert {(change["from"], change["to"]) for change in changes} == table
    assert base_lines(events).count(b"\n") == len(events)

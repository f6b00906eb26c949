"""A process judges as `check` does, and nothing is lost when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from debugger.analysis.ranking import key_of
from debugger.judging import Asked, Elsewhere, Here, elsewhere
from debugger.log import EventLog
from tests.judging.judgings import (
    ASKED,
    RACES,
    TODAY,
    append,
    checked,
    file_log,
    finished,
    judges,
    live_log,
    until,
)

OVERLAP = Path("docs/races/worker-overlap.jsonl")
LINES = OVERLAP.read_bytes().splitlines()


@pytest.fixture
def stopping() -> Iterator[list[Elsewhere]]:
    begun: list[Elsewhere] = []
    yield begun
    for one in begun:
        one.stop()


@pytest.mark.parametrize("path", RACES[::4], ids=lambda path: path.stem)
def test_a_recording_is_judged_as_check_does(path: Path, stopping: list[Elsewhere]) -> None:
    """Its rows are read from the file that both processes have open."""
    log, source = file_log(path)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    assert finished(judging, log) == checked(log)
    source.close()


@pytest.mark.parametrize("path", RACES, ids=lambda path: path.stem)
def test_in_slices_the_same_is_found(path: Path) -> None:
    log, source = file_log(path)
    assert finished(Here(log, ASKED), log) == checked(log)
    source.close()


def test_lines_that_are_in_memory_are_sent_as_text(stopping: list[Elsewhere], tmp_path: Path) -> None:
    """A compressed recording beside one that is a file: rows of both, in turns."""
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(__import__("gzip").compress(OVERLAP.read_bytes()))
    log, source = file_log(packed, Path("docs/races/lost-update.jsonl"))
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    assert finished(judging, log) == checked(log)
    source.close()


def test_a_live_log_is_judged_while_it_grows(stopping: list[Elsewhere]) -> None:
    """The finding is there before the end, and what still waits is none."""
    log = live_log(LINES[:500])
    judging = Elsewhere(log, Asked(TODAY, live=True, keep=100_000))
    stopping.append(judging)
    until(judging, lambda: judging.upto == 500)
    assert "worker-overlap" not in {one.rule for one in judging.found.all}
    append(log, LINES[500:])
    until(judging, lambda: judging.upto == len(LINES))
    assert "worker-overlap" in {one.rule for one in judging.found.all if one.verdict == "violation"}
    assert not [one for one in judging.found.all if "pending" in one.message]


def test_of_each_finding_there_are_its_rule_and_its_story(stopping: list[Elsewhere]) -> None:
    log, source = file_log(OVERLAP)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    finished(judging, log)
    for finding in judging.found.all:
        assert judging.found.texts[finding.rule].startswith(f"{finding.rule}: ")
        until(judging, lambda one=finding: judging.story(key_of(one)) is not None)  # type: ignore[misc]
        story = judging.story(key_of(finding))
        assert story is not None
        assert story.second[-1].row == max(finding.rows[:2])
        assert story.first[-1].row == min(finding.rows[:2])
        assert any(line.startswith(("missing", "ordered")) for line in story.lines(100))
        assert max(map(len, story.lines(100))) <= 92
    source.close()


def test_a_killed_process_is_replaced_and_told_in_one_line(stopping: list[Elsewhere]) -> None:
    """What was found stays while another one judges anew, and is the same after that."""
    log, source = file_log(OVERLAP)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    before = finished(judging, log)
    (process,) = judges()
    os.kill(process, signal.SIGKILL)
    until(judging, lambda: process not in judges())
    said: list[str] = []
    until(judging, lambda: bool(said.extend(judging.news()) or said))
    assert said == ["the process that judges was ended (SIGKILL); another one begins anew, nothing is lost"]
    assert [one.row for one in judging.found.all]
    assert finished(judging, log) == before
    source.close()


def test_one_that_dies_again_and_again_is_given_up(stopping: list[Elsewhere]) -> None:
    """Three deaths without any progress: that is told, and stays told."""
    log = live_log(LINES)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    judging.advance(time.monotonic_ns, 1)
    while not judging.trouble:
        for process in judges():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        judging.advance(time.monotonic_ns, 1)
    assert judging.trouble == "judging stopped at event 0: its process was ended (SIGKILL) 3 times"
    assert judging.news()[-1] == judging.trouble
    assert not judging.advance(time.monotonic_ns, 1)


def test_no_process_is_left_when_the_debugger_is_killed(tmp_path: Path) -> None:
    """Not even by kill -9, and while it has much to do."""
    program = tmp_path / "judge.py"
    program.write_text(
        "import time\n"
        "from tests.judging.judgings import *\n"
        "from debugger.judging import Elsewhere\n"
        "log = live_log(Path('docs/races/worker-overlap.jsonl').read_bytes().splitlines() * 60)\n"
        "judging = Elsewhere(log, ASKED)\n"
        "until(judging, lambda: judging.upto > 0)\n"
        "print(*judges(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    ) as debugger:
        assert debugger.stdout is not None
        process = int(debugger.stdout.readline())
        debugger.kill()
    ends = time.monotonic() + 10
    while Path(f"/proc/{process}/cmdline").exists() and Path(f"/proc/{process}/cmdline").read_bytes():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_rows_that_come_too_fast_are_left_out_and_counted(stopping: list[Elsewhere]) -> None:
    """They are judged nowhere: how many is told, and the rows after them keep their numbers."""
    log = live_log(LINES * 20, 1_000)
    judging = Elsewhere(log, Asked(TODAY, live=True, keep=1_000))
    stopping.append(judging)
    until(judging, lambda: judging.upto == len(log))
    assert judging.skipped >= len(log) - 2_000
    assert all(log.first_row - 1_000 <= one.row < len(log) for one in judging.found.all)


def test_more_may_be_left_out_than_is_sent_ahead(
    stopping: list[Elsewhere], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after it is judged, and the process rests when that is done."""
    monkeypatch.setattr(elsewhere, "AHEAD", 100)
    log = live_log(LINES * 20, 1_000)
    judging = Elsewhere(log, Asked(TODAY, live=True, keep=1_000))
    stopping.append(judging)
    until(judging, lambda: judging.upto == len(log))
    (process,) = judges()
    books = Path(f"/proc/{process}/io")

    def rests() -> bool:
        before = books.read_bytes()
        time.sleep(0.25)  # more than between two of its reports
        return books.read_bytes() == before

    until(judging, rests)


def test_lines_that_are_gone_are_gaps(stopping: list[Elsewhere], tmp_path: Path) -> None:
    """Somebody wrote over the file meanwhile: its rows are counted, and not silently taken for good."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(OVERLAP.read_bytes())
    log, source = file_log(path)
    path.write_bytes(b"x" * 10_000)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    finished(judging, log)
    assert judging.unread == len(log)
    source.close()


def test_words_that_are_no_text_do_no_harm(stopping: list[Elsewhere]) -> None:
    """Halves of characters, escape codes and a name of a megabyte are in a log: it is judged all the same."""
    odd = [json.dumps(json.loads(line) | {"session_id": "\ud800\x1b[2J"}).encode() for line in LINES]
    odd[5] = json.dumps(json.loads(LINES[5]) | {"component": "x" * 1_000_000}).encode()
    log = EventLog()
    append(log, [line for line in odd if _readable(line)])
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    finished(judging, log)
    assert not judging.trouble


def _readable(line: bytes) -> bool:
    from backend.events import BrokenLineError, decode_line

    try:
        decode_line(line)
    except BrokenLineError:
        return False
    return True


def test_a_mistake_of_ours_stops_judging_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface goes on."""
    log = live_log(LINES)
    here = Here(log, ASKED)
    monkeypatch.setattr("debugger.analysis.online.Online.advance", lambda *_: 1 / 0)
    assert here.advance(time.monotonic_ns, 1)
    assert here.trouble == "judging stopped at event 1: ZeroDivisionError: division by zero"
    assert here.news() == [here.trouble]
    assert not here.advance(time.monotonic_ns, 1)


def test_an_idle_process_does_nothing(stopping: list[Elsewhere]) -> None:
    """Nor does whoever asks it: no report without news."""
    log = live_log(LINES)
    judging = Elsewhere(log, ASKED)
    stopping.append(judging)
    finished(judging, log)
    quiet = 0

    def quiet_for_a_while() -> bool:
        nonlocal quiet
        quiet = 0 if judging.advance(time.monotonic_ns, 1_000_000) else quiet + 1
        return quiet > 100

    until(judging, quiet_for_a_while)
    (process,) = judges()

    def ticks() -> int:
        return sum(map(int, Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))

    before = ticks()
    for _ in range(30):
        assert not judging.advance(time.monotonic_ns, 1_000_000)
        time.sleep(0.01)
    assert ticks() - before <= 1

"""Rules on a second processor: the same is found, whatever becomes of the other process."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from debugger.analysis import aside
from debugger.analysis.aside import Aside, possible
from debugger.analysis.judge import Verdict, judge
from debugger.analysis.order import Order
from debugger.log import EventLog
from tests.analysis.order_events import Told
from tests.judging.judgings import RACES, RULES, TODAY, file_log, judges

LATENT = sorted(Path("docs/races/latent").glob("*.jsonl.gz"))


@pytest.fixture(autouse=True)
def _small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No log of a test is worth a process; and doubts are asked a few at a time."""
    monkeypatch.setattr(aside, "WORTH", 1)
    monkeypatch.setattr(aside, "_ASKED_AT_ONCE", 2)
    monkeypatch.setattr(aside, "_UNANSWERED", 3)
    monkeypatch.setattr("debugger.analysis.judge._CHUNK", 50)


def verdicts(path: Path) -> tuple[Verdict, Verdict]:
    """By one process, and by two."""
    log, source = file_log(path)
    try:
        return judge(log, RULES, TODAY), judge(log, RULES, TODAY, processors=2)
    finally:
        source.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Aside]:
    """Those that were begun."""
    found: list[Aside] = []
    begin = Aside.__init__

    def begun(self: Aside, *arguments: Any) -> None:
        begin(self, *arguments)
        found.append(self)

    monkeypatch.setattr(Aside, "__init__", begun)
    return found


@pytest.mark.parametrize("path", [*RACES[::4], *LATENT[::3]], ids=lambda path: path.stem)
def test_two_processes_find_what_one_finds(path: Path, started: list[Aside]) -> None:
    """All of it, word by word; and nothing is left behind."""
    before = judges()
    alone, both = verdicts(path)
    assert both == alone
    assert started
    assert judges() <= before


def test_what_is_predicted_is_asked_for() -> None:
    """Else the comparison would be one of nothing."""
    alone, both = verdicts(next(path for path in LATENT if "text-before-ready" in path.stem))
    rules = {one.rule for one in both.findings if one.verdict == "predicted"}
    assert rules - {"order-race", "lost-update"}
    assert both == alone


def test_a_process_that_dies_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are then judged by the one that is left."""

    def dies(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(aside, "_judge", dies)
    alone, both = verdicts(RACES[0])
    assert both == alone


def test_mailboxes_that_turn_out_not_to_be_ordered_are_heeded_by_both(started: list[Aside]) -> None:
    """Answers that were given before that are of no use: the rules are judged anew."""
    told = Told()
    publishes = [told.publish("a", session_id="s") for _ in range(2)]
    for task, publish in zip("xy", publishes, strict=True):
        told.receive(task, publish, session_id="s")
    assert judge(told.log, RULES, TODAY, processors=2) == judge(told.log, RULES, TODAY)
    assert len(started) == 2


def test_a_process_with_threads_is_not_copied() -> None:
    """What they hold would be held for ever."""
    log, source = file_log(RACES[0])
    source.close()
    assert possible(log)
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert not possible(log)
    finally:
        over.set()
        thread.join()
    assert not possible(EventLog())


def test_a_process_whose_log_is_no_longer_wanted_ends(started: list[Aside]) -> None:
    """As when judging is interrupted."""
    before = judges()
    log, source = file_log(RACES[0])
    try:
        one = Aside(log, RULES, Order(log))
        one.stop()
        one.stop()
    finally:
        source.close()
    ends = time.monotonic() + 10
    while judges() - before and time.monotonic() < ends:
        time.sleep(0.01)
    assert judges() <= before
    assert started == [one]

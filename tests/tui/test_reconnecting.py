"""A live view that outlives many runs of the program: of each it keeps what it keeps of one."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from backend.events import Event, decode_line, encode_event
from backend.wire import SourceChanged
from backend.wire.frames import PROTOCOL, Hello
from debugger.sources.arrival import arrival_of
from debugger.sources.feed import Connected, Disconnected
from debugger.tui.app import DebuggerApp
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.live import Intake
from debugger.tui.session import Link, Mode, Session
from debugger.tui.timeline.widget import Timeline
from tests.support.settling import until
from tests.support.voicelog import voice_log

URL: Final = "ws://127.0.0.1:8765/ws/events"
KEEP: Final = 800
STORY: Final = [one for one in voice_log(3, turns=3, sessions=4) if one.event_type != "system"]
REMEMBERED: Final = {
    "debugger.tui.graph.states.Glance",
    "debugger.tui.events.model.EventRow",
    "debugger.tui.events.paint.Looks",
    "debugger.tui.state.field._Known",
    "debugger.analysis.findings.Finding",  # what was lost stays told
}
"""Kept beyond what is forgotten, each up to a bound of its own that is far away here."""


def told_by(run: int) -> tuple[list[bytes], list[Event]]:
    """What a run of the program emits: as the others, with names of its own."""
    source = f"run_{run}"
    events = [
        structs.replace(
            event,
            source=source,
            seq=seq,
            id=f"{source}-{event.id}",
            cause=event.cause and f"{source}-{event.cause}",
            task=event.task and f"{source}/{event.task}",
            session_id=event.session_id and f"{event.session_id}-{run}",
            timestamp=event.timestamp + run * 1_000,
            timestamp_ns=(event.timestamp_ns or 0) + run * 1_000_000_000_000,
        )
        for seq, event in enumerate(STORY, 1)
    ]
    lines = [encode_event(event) for event in events]
    return lines, [decode_line(line) for line in lines]


def go_through(intake: Intake, run: int) -> Iterator[None]:
    """A run of the program, from the connection to its end without a word."""
    hello = Hello(protocol=PROTOCOL, source=f"run_{run}", oldest_seq=1, next_seq=1, start_seq=1)
    intake.take(URL, Connected(URL, hello, again=run > 0))
    if run:
        intake.take(URL, SourceChanged(f"run_{run - 1}", f"run_{run}", len(STORY), ended=False))
    lines, events = told_by(run)
    for start in range(0, len(lines), 200):
        intake.take(URL, arrival_of(lines[start : start + 200], events[start : start + 200], weaving=False))
        yield
    intake.take(URL, Disconnected("the connection broke", 0.1))


def objects_of_ours() -> Counter[str]:
    """By kind; those too that the application has frozen, as it does where looking for garbage takes long."""
    gc.unfreeze()
    gc.collect()
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    gc.freeze()
    return Counter(
        {kind: kinds[kind] for kind in kinds if kind.startswith("debugger.") and kind not in REMEMBERED}
    )


def kept_of_runs() -> list[tuple[int, int]]:
    """Objects and blocks of memory after six runs of the program and after twelve."""
    session = Session(Mode.LIVE, Link(URL), time.monotonic_ns, keep=KEEP)
    intake = Intake(session, (URL,))
    kept: list[tuple[int, int]] = []
    for run in range(12):
        for _ in go_through(intake, run):
            session.tick()
        if run in (5, 11):
            gc.collect()
            kept.append((len(gc.get_objects()), sys.getallocatedblocks()))
    assert session.log.first_row > 11 * len(STORY) - KEEP
    return kept


def test_of_a_run_that_is_forgotten_the_log_keeps_nothing() -> None:
    """Names, ids, causes, snapshots, lines: after twelve runs as much as after six."""
    program = "from tests.tui.test_reconnecting import kept_of_runs; print(kept_of_runs())"
    told = subprocess.run(  # here threads that other tests have left running make objects, too
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    (objects, blocks), (objects_later, blocks_later) = ast.literal_eval(told.stdout.decode())
    assert objects_later - objects < 60
    assert blocks_later - blocks < len(STORY) // 2


class NoFeeder:
    """The test feeds."""

    def start(self, app: DebuggerApp) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


@pytest.mark.timeout(60)
async def test_of_a_run_that_is_forgotten_no_pane_keeps_anything() -> None:
    """Turns, findings, lanes, cells: on the screen is what there is now."""
    session = Session(Mode.LIVE, Link(URL), time.monotonic_ns, keep=KEEP)
    intake = Intake(session, (URL,))
    app = DebuggerApp(session, NoFeeder())
    kept: list[Counter[str]] = []
    async with app.run_test(size=(120, 36)) as pilot:
        graph = app.main_screen.query_one(ComponentGraph)
        for run in range(8):
            for _ in go_through(intake, run):
                await pilot.pause(0.02)
            if run in (3, 7):
                # A window that follows stands by when ticks came; one over all of the log is the same.
                app.main_screen.query_one(Timeline).action_whole()
                app.main_screen.sync()
                await until(lambda: not graph._marks, "the marks have arrived")
                kept.append(objects_of_ours())
    more = kept[1] - kept[0]
    assert session.log.first_row > 7 * len(STORY) - KEEP
    assert kept[0].total() > 100
    assert more.total() < 20, more

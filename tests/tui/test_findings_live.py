"""Rules judge while it happens: over a real socket, in a process of their own, and stop with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend.events import Event, decode_line
from backend.tap.batch import Batch
from backend.tap.hub import Hub
from debugger.analysis.findings import Finding
from debugger.judging import Asked, Elsewhere, Here
from debugger.sources.feed import FeedSource
from debugger.testing import Recorded
from debugger.tui import pictures
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode, Session
from tests.judging.judgings import append, judges
from tests.tui.findings import RACES, TODAY, judged_session, judging_of, lines_of, opened, pane_of
from tests.tui.interface import Clock, session_with
from tests.tui.test_attach import serving

RULES = ("lost-update", "stale-agent-config", "worker-overlap")


def live_app(url: str) -> DebuggerApp:
    session = Session(Mode.LIVE, Link(url, up=False), time.monotonic_ns, keep=100_000)
    session.judging = Elsewhere(session.log, Asked(TODAY, live=True, keep=100_000))
    feeder = LiveFeeder([FeedSource(url, first_delay=0.02, last_delay=0.05)], session)
    return DebuggerApp(session, feeder, pane="findings")


def sent(hub: Hub, lines: Sequence[bytes]) -> None:
    for line in lines:
        event: Event = decode_line(line)
        assert event.seq is not None
        hub.write(Batch((event,), line + b"\n", event.seq))


async def until(condition: Callable[[], bool], seconds: float = 50) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process finds it, which sets no event
            await asyncio.sleep(0.02)


def printed(*words: str) -> Any:
    """What a command of ours prints."""
    ran = subprocess.run([sys.executable, "-m", "debugger.cli", *words], capture_output=True, check=False)
    return msgspec.json.decode(ran.stdout)


def told(findings: Sequence[Finding]) -> set[tuple[object, ...]]:
    return {(one.rule, one.verdict, one.severity, one.message, one.session_id, one.turn) for one in findings}


def found_in(app: DebuggerApp) -> tuple[Finding, ...]:
    return judging_of(app.session).found.all


@pytest.mark.timeout(100)
async def test_findings_come_while_it_happens_and_leave_the_line_where_it_is() -> None:
    """A worse one comes before the chosen line: that stays the one it was, and how far it is is told."""
    lines = lines_of("worker-overlap")
    hub = Hub()
    async with serving(hub) as (server, _):
        app = live_app(server.url)
        async with opened(app) as pilot:
            sent(hub, lines[:400])
            await until(lambda: judging_of(app.session).upto == 400)
            await until(lambda: "judged to event 400" in pictures.text(app))
            assert not [one for one in found_in(app) if one.verdict == "violation"]
            pane = pane_of(app)
            await pilot.press("j")
            chosen = pane._lines[pane.line].finding
            sent(hub, lines[400:])
            await until(lambda: any(one.rule == "worker-overlap" for one in found_in(app)))
            await until(lambda: bool(pane._lines) and pane._lines[0].kind == "violation")
            now = pane._lines[pane.line].finding
            assert chosen is not None
            assert now is not None
            assert (now.rule, now.row) == (chosen.rule, chosen.row)
            assert not [one for one in found_in(app) if "pending" in one.message]
            (process,) = judges()
            os.kill(process, signal.SIGKILL)
            await until(lambda: "another one begins anew, nothing is lost" in pictures.text(app))
            assert pane._lines[0].kind == "violation"
            await until(lambda: judging_of(app.session).upto == len(lines))
    assert process not in judges()
    assert not judges()


@pytest.mark.timeout(100)
@pytest.mark.parametrize("rule", RULES)
async def test_check_the_live_debugger_and_the_plugin_find_the_same(rule: str, tmp_path: Path) -> None:
    """One recording: read by check, come over a socket, and written by a test's tap."""
    lines = lines_of(rule)
    names = ("rule", "verdict", "severity", "message", "session_id", "turn")
    report = printed("check", "--format", "json", str(RACES / f"{rule}.jsonl"))["findings"]
    checked = {tuple(one[name] for name in names) for one in report if one["verdict"] != "integrity"}
    assert (rule, "violation") in {one[:2] for one in checked}

    recorded = Recorded("races", tmp_path / "plugin.jsonl", fail_on=None)
    for line in lines:
        recorded.sink.write(Batch((decode_line(line),), line + b"\n", decode_line(line).seq or 0))
    plugin = recorded.check()
    kept = [one for one in plugin.findings if one.verdict != "integrity"]
    assert {tuple(getattr(one, name) for name in names) for one in kept} == checked

    hub = Hub()
    async with serving(hub) as (server, _):
        app = live_app(server.url)
        async with opened(app):
            sent(hub, lines)
            await until(lambda: judging_of(app.session).upto == len(lines))
            await until(lambda: told(found_in(app)) == checked)


@pytest.mark.parametrize("name", ["lost-update"])
def test_what_show_prints_is_what_the_pane_lists(name: str) -> None:
    """In the same order, as JSON; and of each finding both histories."""
    path = RACES / f"{name}.jsonl"
    shown = printed("show", str(path), "--findings", "--json")
    assert shown["schema"] == "doubletalk.findings/1"
    judging = judging_of(judged_session(lines_of(name)))
    assert shown["judged"] == shown["events"] == judging.upto
    listed = [(one["rule"], one["verdict"], one["message"], one["row"]) for one in shown["findings"]]
    assert listed == [(one.rule, one.verdict, one.message, one.row) for one in judging.found.all]
    assert all(one["history_of_second"][-1]["row"] == one["second"] for one in shown["findings"])
    assert shown["findings"][0]["missing_rows"]


@pytest.mark.timeout(60)
async def test_a_recording_that_stands_still_is_whole_and_one_that_grows_is_not() -> None:
    """What waits at its end is told as pending then, and no longer when more comes."""
    lines = lines_of("unanswered-request")
    clock = Clock()
    session = session_with(lines[:200], Mode.REPLAY, clock)
    session.judging = judging = Here(session.log, Asked(TODAY))
    async with opened(DebuggerApp(session, pane="findings")) as pilot:
        pane = pane_of(pilot.app)

        def pending() -> bool:
            pane.sync()
            return any("pending" in one.message for one in judging.found.all)

        await until(lambda: not pending() and judging.upto == 200)
        clock.pass_seconds(10)
        await until(pending)
        append(session.log, lines[200:])
        await until(lambda: not pending() and judging.upto == len(lines))
        clock.pass_seconds(100)
        await until(lambda: not pending() and judging.whole)

"""Whichever way the same recording is judged, the same is found."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from pathlib import Path

import pytest

import debugger.analysis.judge
import debugger.checking.reports
import debugger.sources.file
import debugger.testing.recorded  # noqa: F401 - all of these: pytester forgets what is first imported in it
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire.client import EventsReceived
from debugger.analysis.findings import Finding
from debugger.analysis.online import Online
from debugger.analysis.rules import load_rules
from debugger.checking import Asked, judge_one, report_of
from debugger.log import EventLog
from debugger.report import render
from debugger.sources.feed import Connected, FeedSource
from tests.cli.command import ROOT

pytest_plugins = ["pytester"]

RECORDINGS = sorted((ROOT / "docs" / "races").glob("*.jsonl"))
TODAY = dt.date(2026, 1, 1)
BATCH = 64

Told = list[tuple[str, str, str, str, int, tuple[str, ...]]]
"""Rule, verdict, severity, fingerprint, how often, and the ids of its events."""

PROGRAM = """
from pathlib import Path

import pytest
from backend.tap.batch import Batch
from debugger.report import render


@pytest.mark.doubletalk(fail_on="never")
@pytest.mark.parametrize("path", Path({recordings!r}).glob("*.jsonl"), ids=lambda path: path.stem)
def test_it(doubletalk, path):
    text = path.read_bytes()
    doubletalk.sink.write(Batch.encoded(text, 1, text.count(b"\\n")))
    Path({out!r}, path.name).write_text(render(doubletalk.check(), "json"))
"""


def checked(path: Path) -> Told:
    """As the command and its JSON say."""
    return of_json(render(report_of([judge_one(Asked((str(path),), TODAY))], "error", 0), "json"))


def of_json(text: str) -> Told:
    return sorted(
        (one["rule"], one["verdict"], one["severity"], one["fingerprint"], one["times"], tuple(one["events"]))
        for one in json.loads(text)["findings"]
        if one["verdict"] != "integrity"
    )


async def followed(lines: list[bytes]) -> Told:
    """As a live view does it, that is fed over a socket and judges after each piece."""
    log, hub = EventLog(max_rows=1_000_000), Hub()
    online = Online(log, load_rules(), TODAY, live=True)
    async with FeedServer(hub, port=0) as server, asyncio.timeout(30):
        async for update in FeedSource(server.url):
            if isinstance(update, Connected):
                for start in range(0, len(lines), BATCH):
                    piece = lines[start : start + BATCH]
                    hub.write(Batch.encoded(b"".join(piece), start + 1, len(piece)))
            elif isinstance(update, EventsReceived):
                log.append_many(update.lines, update.events)
                while online.advance(time.monotonic_ns, 1_000_000):
                    online.findings()
            if len(log) == len(lines):
                break
    return sorted(of_finding(log, one) for one in online.findings() if one.verdict != "integrity")


def of_finding(log: EventLog, one: Finding) -> tuple[str, str, str, str, int, tuple[str, ...]]:
    rows = dict.fromkeys((one.row, *one.rows))  # the decisive one first
    ids = tuple(str(log.event(row)["id"]) for row in rows)
    return one.rule, one.verdict, one.severity, one.fingerprint, one.times, ids


@pytest.fixture(scope="module")
def checks() -> dict[str, Told]:
    return {path.stem: checked(path) for path in RECORDINGS}


def test_each_recording_shows_something(checks: dict[str, Told]) -> None:
    """Else the comparison would be one of nothing."""
    assert len(RECORDINGS) >= 14
    assert all(any(verdict == "violation" for _, verdict, *_ in told) for told in checks.values())


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_live_view_finds_what_check_finds(path: Path, checks: dict[str, Told]) -> None:
    """The same rules, verdicts, fingerprints and events, though it never sees more than a piece at once."""
    lines = path.read_bytes().splitlines(keepends=True)
    assert asyncio.run(followed(lines)) == checks[path.stem]


def test_the_plugin_finds_what_check_finds(
    run: pytest.Pytester, tmp_path: Path, checks: dict[str, Told]
) -> None:
    """Of the same events, that its sink has recorded."""
    run.makepyfile(test_it=PROGRAM.format(recordings=str(RECORDINGS[0].parent), out=str(tmp_path)))
    run.runpytest_inprocess().assert_outcomes(passed=len(RECORDINGS))
    found = {path.stem: of_json((tmp_path / path.name).read_text("utf-8")) for path in RECORDINGS}
    assert found == checks

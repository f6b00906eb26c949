"""The pane says how far the log is judged, and what never will be."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.judging import Asked, Here
from debugger.tui import pictures
from debugger.tui.app import DebuggerApp
from debugger.tui.findings.progress import progress_of
from debugger.tui.session import Mode
from tests.tui.findings import TODAY, opened
from tests.tui.interface import conversation, session_with


class Standing(Here):
    """Judges nothing by itself."""

    def advance(self, clock: Any, budget_ns: int) -> bool:
        del clock, budget_ns
        return False


@pytest.mark.parametrize(
    ("upto", "skipped", "unread", "trouble", "told"),
    [
        (47, 0, 0, "", ""),
        (40, 0, 0, "", "judged to event 40 · 7 behind"),
        (47, 3, 0, "", "judged to event 47 · 3 events came too fast and were left out"),
        (47, 0, 2, "", "judged to event 47 · 2 could not be read any more"),
        (12, 0, 0, "judging stopped at event 12: why", "judging stopped at event 12: why"),
    ],
)
async def test_what_is_not_judged_is_a_line_of_the_pane(
    upto: int, skipped: int, unread: int, trouble: str, told: str
) -> None:
    """Over the line that explains; nothing where all is judged."""
    session = session_with(conversation(), Mode.LIVE)
    standing = Standing(session.log, Asked(TODAY, live=True))
    standing.upto, standing.skipped, standing.unread, standing.trouble = upto, skipped, unread, trouble
    session.judging = standing
    assert progress_of(session).told == told
    app = DebuggerApp(session, pane="findings")
    async with opened(app, (200, 60)):
        text = pictures.text(app)
        assert told in text
        assert (
            "judging stopped" if trouble else f"judged to event {upto}" if upto == 47 else "7 behind"
        ) in text


def test_without_anybody_who_judges_nothing_is_said_of_it() -> None:
    progress = progress_of(session_with(conversation()))
    assert (progress.short, progress.told, progress.done) == ("", "", True)

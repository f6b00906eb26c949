"""A log, judged as a whole: what it leaves behind."""

from __future__ import annotations

import datetime as dt
import gc

import pytest

from debugger.analysis.judge import judge
from debugger.analysis.rules import load_rules
from tests.analysis.conflicts.conflict_logs import Story
from tests.analysis.order_programs import log_of


@pytest.mark.parametrize("threshold", [(700, 10, 10), (0, 5, 5), (90_000, 3, 4)])
def test_how_garbage_is_collected_is_as_before(threshold: tuple[int, int, int]) -> None:
    """Whoever has a log judged, a program under test say, keeps its own settings, off included."""
    story = Story()
    story.begins({"mode": ""})
    for task in "ab":
        story.wrote(task, {"mode": task})
    usual = gc.get_threshold()
    try:
        gc.set_threshold(*threshold)
        verdict = judge(log_of(story.events), load_rules(()), dt.date(2026, 1, 1))
        assert gc.get_threshold() == threshold
    finally:
        gc.set_threshold(*usual)
    assert "order-race" in {finding.rule for finding in verdict.findings}

"""``explore --all``: whether each scenario is as its variant says; and what pairs of recordings show."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from backend.scenarios import BUGGY, Scenario, Scene, discovery, scenario
from debugger.analysis.diff import Place, compare
from debugger.explore.campaign import Unit
from debugger.explore.oracle import Oracle, log_of
from debugger.explore.progress import progress_of
from debugger.explore.proof import foremost, prove
from debugger.explore.saved import save
from debugger.explore.search import explore
from debugger.explore.verdicts import Budget, Progress
from tests.explore.bank import ROWDY
from tests.explore.explored_programs import always_wrong, recorded_deposits
from tests.support.commands import Said, say


@scenario
async def a_quiet_day(scene: Scene) -> None:
    """Nothing happens."""


@scenario(rule="lost-update")
async def never_wrong(scene: Scene) -> None:
    """Its bug is none."""


def every(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *made: Scenario) -> Said:
    """What is said of all, if these were all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(discovery, "built_in", lambda: made)
    return say("explore", "--all", "--schedules", "12", "-j", "1")


def test_all_as_their_variants_say_is_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each buggy one confirmed, each other one not: 0, a table, and no long explanations."""
    said = every(monkeypatch, tmp_path, recorded_deposits, a_quiet_day)
    assert (said.code, said.err) == (0, "")
    head, *rows, last = said.out.splitlines()
    assert head.split()[:3] == ["scenario", "variant", "verdict"]
    assert [row.split()[:3] for row in rows] == [
        ["recorded-deposits", "fixed", "clean"],
        ["recorded-deposits", "buggy", "confirmed"],
        ["a-quiet-day", "fixed", "clean"],
    ]
    assert last.startswith("1 of 1 buggy ones confirmed, 2 of 2 fixed ones hold")


def test_a_bug_that_is_not_found_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And stands out in the table."""
    said = every(monkeypatch, tmp_path, never_wrong, a_quiet_day)
    assert said.code == 1
    assert "NOT FOUND" in said.out
    assert "never-wrong (buggy): clean in 12 schedules" in said.out
    assert "a-quiet-day (fixed): " not in said.out


def test_a_fixed_one_that_fails_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its explanation."""
    broken = Scenario("broken", "", always_wrong.act)
    said = every(monkeypatch, tmp_path, broken, a_quiet_day)
    assert said.code == 1
    assert "FAILS" in said.out
    assert "what   ValueError: as always" in said.out


def test_one_that_cannot_be_explored_ends_it_with_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After the others."""
    file = tmp_path / "rowdy_scenarios.py"
    file.write_text(ROWDY)
    rowdy = discovery.find_one(f"{file}::sleeps_for_real").scenario
    said = every(monkeypatch, tmp_path, rowdy, a_quiet_day)
    assert said.code == 2
    assert "not explored" in said.out
    assert "a-quiet-day" in said.out


# --- the pair of recordings --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "text-before-ready",
            "tts_orchestrator: message_published TTS_CONNECTION_READY",
            "tts_orchestrator: message_received CHUNK_RESPONSE",
        ),
        ("lost-update", "database_memory: system STATE_WRITTEN", "database_memory: state_read None"),
        (
            "out-of-order-chunks",
            "tts_orchestrator: message_published TTS_AUDIO_CHUNK",
            "tts_orchestrator: message_published TTS_AUDIO_CHUNK",
        ),
    ],
)
def test_good_and_bad_part_at_the_racing_pair(tmp_path: Path, name: str, good: str, bad: str) -> None:
    """The first divergence is the one event before the other, and the finding is about it."""
    made = discovery.find_one(name).scenario
    result = foremost(explore(made, BUGGY, Budget(schedules=200)), made.rule)
    assert (result.verdict, result.rule) == ("confirmed", made.rule)
    saved = save(tmp_path, prove(made, result, Oracle()), Oracle())
    assert saved.good is not None
    first = compare(log_of(saved.good.read_bytes()), log_of(saved.bad.read_bytes())).report().first
    assert first is not None
    assert first.a is not None
    assert first.b is not None
    assert (first.kind, told(first.a), told(first.b)) == ("order", good, bad)
    assert saved.how.finding is not None
    assert f"sim-{name}-{first.b.seq}" in {place.id for place in saved.how.finding.places}


def told(place: Place) -> str:
    return f"{place.component}: {place.event_type} {place.message_type}"


# --- progress ------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_far_it_is_is_seen_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario, which of how many it is, its phase and its schedules; its name is no markup."""
    unit = Unit("odd", Scenario("odd[red]", "", a_quiet_day.act), "fixed")
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_of(3) as on_progress:
            assert (on_progress is not None) == seen
            if on_progress is not None:
                on_progress(1, unit, Progress("pct", 120, 1000, 1.0))
                on_progress(1, unit, 7)
                on_progress(1, unit, Progress("random", 140, None, 1.0))
        text = stream.getvalue()
        assert ("2/3 odd[red] (fixed)" in text) == seen


def test_a_bug_is_shown_by_what_it_is_known_for() -> None:
    """The first schedule in which it does any harm breaks another rule; the search goes on for a while."""
    known = next(one for one in discovery.built_in() if one.name == "audio-after-complete")
    result = explore(known, BUGGY, Budget(schedules=200))
    assert (result.verdict, result.rule) == ("confirmed", known.rule)


def test_a_bug_that_only_does_something_else_is_found_too() -> None:
    """After some more schedules, what it did first is told."""

    @scenario(rule="worker-overlap")
    async def other(scene: Scene) -> None:
        assert not scene.buggy, "something else"

    result = explore(other, BUGGY, Budget(schedules=1_000))
    assert (result.verdict, result.rule, result.phase) == ("confirmed", "assertion", "plain")
    assert result.schedules < 1_000

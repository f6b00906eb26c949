"""A finding on disk, and what a reader makes of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from backend.errors import UserError
from backend.scenarios import BUGGY, Play, Scenario
from backend.simulation import Tape
from debugger.explore.departures import Departure, told
from debugger.explore.oracle import Oracle, judged
from debugger.explore.proof import Proof, foremost, prove
from debugger.explore.saved import How, folder_name, lines_of, loaded, save
from debugger.explore.search import explore
from debugger.explore.verdicts import Budget, Found
from tests.explore.explored_programs import (
    always_wrong,
    recorded_deposits,
    three_in_a_row,
    two_deposits,
)

ORACLE = Oracle()


@cache
def proof_of(made: Scenario) -> Proof:
    return prove(made, explore(made, BUGGY, Budget(schedules=200), oracle=oracle_of(made)), oracle_of(made))


def oracle_of(made: Scenario) -> Oracle:
    """Judging by rules takes longest."""
    return Oracle(recorded=made.rule is not None)


@pytest.mark.parametrize(
    "made", [two_deposits, three_in_a_row, recorded_deposits], ids=lambda made: made.name
)
def test_what_is_saved_proves_itself(tmp_path: Path, made: Scenario) -> None:
    """The tape makes the bad recording, the good one passes, and the two part."""
    saved = save(tmp_path, proof_of(made), ORACLE)
    play = Play(made, BUGGY)
    again = play.replay(Tape.load(saved.tape))
    assert again.recording == saved.bad.read_bytes()
    assert saved.how.found.signature in {one.signature for one in judged(again, oracle_of(made))}
    assert saved.good is not None
    assert saved.good.read_bytes() != saved.bad.read_bytes()
    assert saved.how.parting or made.rule is None  # a program without a tap tells little
    assert saved.how.departures
    text = (saved.folder / "how.txt").read_text()
    assert text == "".join(f"{line}\n" for line in lines_of(saved))
    for command in saved.commands:
        assert command in text


def test_a_rule_s_finding_is_told_as_check_tells_it(tmp_path: Path) -> None:
    """Both events, the edge that is missing, what was believed, and how to mend it."""
    saved = save(tmp_path, proof_of(recorded_deposits), ORACLE)
    text = "\n".join(lines_of(saved))
    for part in (
        "lost-update",
        "missing  the write of A",
        "believed account.balance = 0",
        "fix",
        "goes before",
        "parts  order: ",
    ):
        assert part in text or part == "goes before"
    assert saved.how.finding is not None
    assert len(saved.how.finding.places) >= 2


def test_the_two_recordings_part_at_the_racing_pair(tmp_path: Path) -> None:
    """One account writes before the other reads, or the other way round."""
    how = save(tmp_path, proof_of(recorded_deposits), ORACLE).how
    what, good, bad = how.parting
    assert what.startswith("order: ")
    assert good.endswith("account: state change")
    assert bad.endswith("account: state read")


def test_what_is_told_first_is_the_rule_that_the_scenario_is_about() -> None:
    """Else any rule, for it explains; else what came first."""
    result = explore(two_deposits, BUGGY, Budget(schedules=200), oracle=Oracle(recorded=False))
    lost, other = (Found("rule", rule, "", ("rule", rule)) for rule in ("lost-update", "order"))
    assert result.found is not None
    both = replace(result, others=(other, lost))
    assert foremost(both, "lost-update").rule == "lost-update"
    assert set(foremost(both, "lost-update").others) == {result.found, other}
    assert foremost(both, None).found == other
    assert foremost(result, "lost-update") == result


def test_what_is_beside_a_tape_is_read_with_it(tmp_path: Path) -> None:
    """Unless it is of another tape, or spoilt; a tape alone will do."""
    saved = save(tmp_path, proof_of(two_deposits), ORACLE, at="tests/there.py::two_deposits")
    assert loaded(saved.tape) == (Tape.load(saved.tape), saved.how)
    assert saved.how.at == "tests/there.py::two_deposits"
    written = json.loads((saved.folder / "how.json").read_text())
    assert (written["schema"], written["scenario"]) == ("doubletalk.found/1", "two-deposits")
    alone = tmp_path / "alone.tape"
    alone.write_bytes(saved.tape.read_bytes())
    assert loaded(alone)[1] is None
    (saved.folder / "how.json").write_text("{}")
    assert loaded(saved.tape)[1] is None


def test_what_always_fails_has_no_good_recording(tmp_path: Path) -> None:
    """One from before is taken away; the commands show the bad one alone."""
    folder = tmp_path / folder_name("always-wrong", BUGGY, "error")
    folder.mkdir()
    (folder / "good.jsonl").write_text("older\n")
    saved = save(tmp_path, proof_of(always_wrong), ORACLE)
    assert saved.folder == folder
    assert saved.good is None
    assert not (folder / "good.jsonl").exists()
    assert saved.commands[0] == f"doubletalk replay {saved.bad}"
    assert "no other schedule is needed" in (folder / "how.txt").read_text()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """What, where, and what to do."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match=r"out.*cannot be written.*name another folder"):
        save(tmp_path / "out", proof_of(always_wrong), ORACLE)


@pytest.mark.parametrize("name", ["../../etc", "a b/c", "\x1b[31m", "…", "x" * 500])
def test_no_name_of_a_scenario_leads_out_of_the_folder(name: str) -> None:
    """It becomes one plain name."""
    folder = folder_name(name, BUGGY, "rule")
    assert "/" not in folder
    assert not folder.startswith(".")
    assert folder.isprintable()
    assert len(folder) <= 120


def test_a_schedule_is_told_in_words(tmp_path: Path) -> None:
    """Who goes before whom."""
    how: How = save(tmp_path, proof_of(three_in_a_row), ORACLE).how
    assert any("goes before" in one.words for one in how.departures)
    lines = list(told(how.departures))
    assert all(line.startswith(("at ", "from ")) for line in lines)


def test_a_task_that_is_passed_over_again_and_again_is_held_back() -> None:
    """One line for many choices."""
    held = [Departure(n, n * 1000, "READY", 1, 3, who, "worker") for n, who in enumerate(("a", "b", "a"), 1)]
    (line,) = told(held)
    assert line == "from 1.0µs to 3.0µs worker is held back, until a, b went before it (3 choices)"
    other = Departure(9, 9000, "JOB", 1, 3)
    assert len(list(told([*held, other, other]))) == 3

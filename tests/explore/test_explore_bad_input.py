"""What ``doubletalk explore`` says when it cannot do what was asked: one line, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from backend.scenarios import Play
from backend.scenarios.discovery import find_one
from backend.simulation import Program, Tape
from tests.explore.bank import BANK, ROWDY
from tests.support.commands import say


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users' scenarios, in a folder in which we are."""
    monkeypatch.chdir(tmp_path)
    Path("bank_scenarios.py").write_text(BANK)
    Path("rowdy_scenarios.py").write_text(ROWDY)
    Path("file").write_text("")


def refused(*arguments: str) -> str:
    """The one line of a command that ends with 2."""
    said = say("explore", *arguments)
    assert (said.code, said.out) == (2, ""), said
    (line,) = said.err.splitlines()
    assert line.startswith("doubletalk: ")
    return line.removeprefix("doubletalk: ")


QUIET = "bank_scenarios.py::a_quiet_day"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a scenario, or give --all"),
        (["--all", QUIET], "--all is all that are built in: give it or names, not both"),
        (["text-befor-ready"], "did you mean text-before-ready?"),
        (["bank_scenarios.py::a_quite_day"], "did you mean a-quiet-day?"),
        (["nowhere.py"], "nowhere.py: there is no such file"),
        (["file"], "file"),
        ([QUIET, "--variant", "buggy"], "has no variant 'buggy'; it has fixed"),
        ([QUIET, "--variant", "none"], "has no variant 'none'"),
        (["--all", "--variant", "none"], "no scenario has a variant 'none'"),
        ([QUIET, "--schedules", "0"], "--schedules 0: nothing would be run"),
        ([QUIET, "--schedules", "-5"], "--schedules -5: nothing would be run"),
        ([QUIET, "--seconds", "0"], "--seconds 0: a budget is more than 0 seconds"),
        ([QUIET, "--seconds", "-1"], "--seconds -1: a budget"),
        ([QUIET, "--seconds", "nan"], "--seconds nan: a budget"),
        ([QUIET, "--seconds", "inf"], "--seconds inf: a budget"),
        ([QUIET, "--out", "file"], "file: cannot be written"),
        ([QUIET, "--out", "file/below"], "file/below: cannot be written"),
        ([QUIET, "--corpus", "file"], "the corpus file is no folder"),
        ([QUIET, "--rules", "none.toml"], "none.toml: cannot be read"),
        ([QUIET, "--rules", "file.py"], "file.py: cannot be read"),
        ([QUIET, "--resume", "bank_scenarios.py"], "this is no file that --resume wrote"),
        ([QUIET, "--resume", "no/where"], "no/where: cannot be written"),
        ([QUIET, "-o", "x.jsonl"], "-o is for the recording of a tape"),
        ([QUIET, "--from", "none.jsonl"], "none.jsonl"),
        (["--all", "--from", "none.jsonl"], "--from RECORDING is of one scenario"),
        (["--replay", "none.tape"], "cannot read the tape none.tape: No such file"),
        (["--replay", "file"], "file: this is no tape"),
        (["--replay", "x.tape", "--all"], "--replay plays one tape"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(arguments: list[str], told: str) -> None:
    """What, where, and what to do; before anything is run."""
    assert told in refused(*arguments)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("import asyncio\n", "there is no scenario in it"),
        ("async def x(:\n", "broken_scenarios.py:1: "),
        ("import nothing_like_this\n", "broken_scenarios.py:1: ModuleNotFoundError"),
        ("import sys\nsys.exit(3)\n", "broken_scenarios.py:2: SystemExit"),
        ("from backend.scenarios import scenario\n@scenario\ndef x(scene): ...\n", "broken_scenarios.py"),
    ],
)
def test_a_file_with_a_mistake_is_told_with_its_line(content: str, told: str) -> None:
    """As Python's own traceback would, in one line."""
    Path("broken_scenarios.py").write_text(content)
    assert told in refused("broken_scenarios.py")


def tape_of(name: str) -> Tape:
    return Play(find_one(name).scenario, "fixed").run().run.tape


def test_tapes_that_cannot_be_played_are_refused_with_the_reason() -> None:
    """Damaged, of another version of the program or of Python, of another program, of one unknown."""
    tape = tape_of("bank_scenarios.py::two_deposits")
    data = tape.encode()
    Path("cut.tape").write_bytes(data[:-3])
    assert "cut.tape: the tape is damaged" in refused("--replay", "cut.tape")
    replace(tape, python="3.9").save("old.tape")
    assert "recorded on Python 3.9" in refused("bank_scenarios.py", "--replay", "old.tape")
    replace(tape, program=Program(tape.program.name, "0" * 12)).save("version.tape")
    assert "is of another version of" in refused("bank_scenarios.py", "--replay", "version.tape")
    tape.save("good.tape")
    assert "no built-in scenario: name the file" in refused("--replay", "good.tape")
    assert "none of these scenarios" in refused("rowdy_scenarios.py", "--replay", "good.tape")
    replace(tape, choices=((0, 9, 1), *tape.choices)).save("misfit.tape")
    assert "it is another program, or not deterministic" in refused(
        "bank_scenarios.py", "--replay", "misfit.tape"
    )
    said = say("explore", "bank_scenarios.py", "--replay", "good.tape", "-o", "file/x")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "file/x: cannot be written" in said.err


def test_a_tape_that_passes_is_no_failure() -> None:
    """Exit code 0."""
    tape_of("bank_scenarios.py::two_deposits").save("good.tape")
    said = say("explore", "bank_scenarios.py", "--replay", "good.tape")
    assert (said.code, said.out) == (0, "two-deposits (fixed): passes\n")


@pytest.mark.parametrize(
    ("name", "rule", "told"),
    [
        ("raises", "error", "ValueError: no \\x1b[31mgood"),
        ("waits_for_nobody", "deadlock", "nothing can go on: main waits for an event to be set at"),
        ("leaves_a_task", "leak", "left running: left over waits for its sleep to end"),
        ("never_awaits", "limit", "never"),
        ("goes_round", "limit", "500 steps, and no end"),
    ],
)
def test_a_scenario_that_misbehaves_is_confirmed_by_what_it_does(name: str, rule: str, told: str) -> None:
    """By the plain schedule; nothing that it says acts on a terminal."""
    said = say("explore", f"rowdy_scenarios.py::{name}", "--schedules", "3", "-j", "1")
    assert said.code == 1
    assert said.out.startswith(f"{name.replace('_', '-')} (fixed): {rule}\n")
    assert told in " ".join(said.out.split())
    assert "no other schedule is needed" in said.out
    assert "\x1b" not in said.out + said.err


def test_what_a_scenario_prints_is_not_among_what_we_say() -> None:
    """JSON stays JSON."""
    said = say("explore", "rowdy_scenarios.py::prints", "--schedules", "3", "-f", "json")
    assert json.loads(said.out)["results"][0]["verdict"] == "clean"
    assert said.err == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [("sleeps_for_real", "time.sleep at "), ("begins_a_thread", "leaves the simulation: ")],
)
def test_a_scenario_that_leaves_the_simulation_cannot_be_explored(name: str, told: str) -> None:
    """The call, its line, and what to do instead; the others are explored all the same."""
    said = say("explore", f"rowdy_scenarios.py::{name}", "bank_scenarios.py::a_quiet_day", "--schedules", "3")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert told in line
    assert "rowdy_scenarios.py:" in line
    assert "a-quiet-day (fixed): clean" in said.out


def test_what_does_not_happen_again_is_told_as_it_was_found() -> None:
    """A program that is not deterministic: a tape cannot prove it."""
    said = say("explore", "rowdy_scenarios.py::remembers", "--schedules", "3", "-j", "1")
    assert said.code == 1
    assert "remembers (fixed): assertion" in said.out
    assert "does not do it again: the program is not deterministic" in said.err
    said = say("explore", "--replay", ".doubletalk/explored/remembers-fixed-assertion/found.tape")
    assert said.code == 0
    assert "passes; it was assertion: AssertionError: the first time only" in said.out


def test_a_state_of_other_options_is_not_gone_on_with() -> None:
    """It would mix results."""
    state = Path("state.json")
    state.write_text(
        '{"schema":"doubletalk.exploring/1","done":[],"asked":{"--schedules":"9","--seconds":"None",'
        '"--seed":"1","--rules":"none","--from":"None"}}'
    )
    assert "was begun with --seed 1, and not 0" in refused(
        QUIET, "--schedules", "9", "--resume", "state.json"
    )
    assert say("explore", QUIET, "--schedules", "9", "--seed", "1", "--resume", "state.json").code == 0
    assert not state.exists()

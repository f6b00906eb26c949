"""``doubletalk explore``, as a user calls it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from backend.scenarios import Play
from backend.scenarios.discovery import find_one
from backend.simulation import Program, Tape
from debugger.explore import campaign
from debugger.explore.verdicts import Progress
from tests.cli.command import CLI, ROOT
from tests.explore.bank import BANK
from tests.support.commands import Said, say

BUGGY = ("bank_scenarios.py::two_deposits", "--variant", "buggy")
FIXED = ("bank_scenarios.py::two_deposits", "--variant", "fixed")
FOLDER = Path(".doubletalk") / "explored" / "two-deposits-buggy-lost-update"


@pytest.fixture(scope="module")
def explored_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A user's scenarios in a folder in which one was explored, and what was said."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "bank_scenarios.py").write_text(BANK)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        return folder, explored(*BUGGY, "--corpus", "corpus")


@pytest.fixture(autouse=True)
def said(explored_once: tuple[Path, Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """What was said; we are in a copy of the folder."""
    folder, said = explored_once
    shutil.copytree(folder, tmp_path / "bank")
    monkeypatch.chdir(tmp_path / "bank")
    return said


def explored(*arguments: str, schedules: int = 8) -> Said:
    return say("explore", *arguments, "--schedules", str(schedules), "-j", "1")


def results(said: Said) -> list[dict[str, Any]]:
    told = json.loads(said.out)
    assert told["schema"] == "doubletalk.exploration/1"
    return list(told["results"])


def comparable(said: Said) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "seconds"} for one in results(said)]


# --- what is said ---------------------------------------------------------------------


def test_a_bug_is_confirmed_explained_and_saved(said: Said) -> None:
    """Both events, the edge that is missing, the schedule, and the commands that show it."""
    assert said.code == 1
    for part in (
        "two-deposits (buggy): lost-update",
        "missing  the write of A",
        "fix    do the read and the write in one step",
        "order  asyncio's own but for",
        "parts  order: ",
        f"see    doubletalk replay {FOLDER}/good.jsonl {FOLDER}/bad.jsonl --diff",
        f"again  doubletalk explore --replay {FOLDER}/found.tape",
        "found  by the guided search, after 2 schedules",
    ):
        assert part in said.out
    assert {one.name for one in FOLDER.iterdir()} == {
        "found.tape",
        "good.jsonl",
        "bad.jsonl",
        "how.txt",
        "how.json",
    }


def test_the_commands_that_it_names_work() -> None:
    """The two recordings differ, at the race; the tape fails again; `check` finds it in the bad one."""
    diff = say("replay", str(FOLDER / "good.jsonl"), str(FOLDER / "bad.jsonl"), "--diff", "--format", "text")
    assert diff.code == 1
    assert "first divergence" in diff.out
    assert "order in" in diff.out
    assert say("explore", "--replay", str(FOLDER / "found.tape")).code == 1
    assert say("check", str(FOLDER / "bad.jsonl")).code == 1
    assert say("check", str(FOLDER / "good.jsonl")).code == 0


def test_the_fixed_one_is_clean_and_says_what_that_is_worth() -> None:
    """Exit code 0, and nothing is saved."""
    said = explored(*FIXED, "--out", "out/deeper", schedules=12)
    assert said.code == 0
    assert "two-deposits (fixed): clean in 12 schedules" in said.out
    assert "worth  PCT, d=2" in said.out
    assert "1 predicted pair: 1 harmless" in said.out
    assert not Path("out").exists()


def test_a_file_is_all_that_is_in_it_and_ends_with_a_table() -> None:
    """What was found by which search, after how many schedules."""
    said = explored("bank_scenarios.py")
    assert said.code == 1
    rows = [line.split() for line in said.out.splitlines()[-5:]]
    assert rows[0][:4] == ["scenario", "variant", "verdict", "rule"]
    assert rows[1][:3] == ["two-deposits", "fixed", "clean"]
    assert rows[2][:6] == ["two-deposits", "buggy", "confirmed", "lost-update", "guided", "2"]
    assert rows[3][:3] == ["a-quiet-day", "fixed", "clean"]
    assert "1 of 1 buggy ones confirmed, 2 of 2 fixed ones hold" in said.out


def test_as_json_it_has_what_the_contract_names() -> None:
    """And paths that are there."""
    fixed, buggy, _ = results(explored("bank_scenarios.py", "--format", "json"))
    for name in ("scenario", "variant", "verdict", "rule", "schedules", "tape", "recording"):
        assert name in buggy
        assert name in fixed
    assert (buggy["verdict"], buggy["rule"], fixed["verdict"], fixed["tape"]) == (
        "confirmed",
        "lost-update",
        "clean",
        None,
    )
    assert Path(buggy["tape"]).is_file()
    assert Path(buggy["recording"]).is_file()


def test_the_same_seed_says_the_same() -> None:
    """To the byte, the tape too; another folder is another path only."""
    one = explored(*BUGGY, "-f", "json", "--seed", "7", "--out", "one")
    tape = Path("one", FOLDER.name, "found.tape").read_bytes()
    other = explored(*BUGGY, "-f", "json", "--seed", "7", "--out", "one")
    assert comparable(one) == comparable(other)
    assert Path("one", FOLDER.name, "found.tape").read_bytes() == tape


# --- a tape again -----------------------------------------------------------------------


def test_a_tape_again_is_the_same_failure_and_the_same_bytes() -> None:
    """From anywhere, with the file written beside it, or named."""
    tape = str(FOLDER / "found.tape")
    said = say("explore", "--replay", tape, "-o", "again.jsonl")
    assert said.code == 1
    assert "it fails as it did" in said.out
    assert "the same, byte for byte" in said.out
    assert Path("again.jsonl").read_bytes() == (FOLDER / "bad.jsonl").read_bytes()
    Path(tape).rename("alone.tape")
    said = say("explore", "bank_scenarios.py", "--replay", "alone.tape")
    assert said.code == 1
    assert "two-deposits (buggy): lost-update: an update of account.balance is lost" in said.out
    told = json.loads(say("explore", "bank_scenarios.py", "--replay", "alone.tape", "-f", "json").out)
    assert (told["verdict"], told["found"][0]["rule"]) == ("confirmed", "lost-update")


def test_a_tape_of_a_program_that_calls_something_else_now_says_so() -> None:
    """The recording is not that of then, or a choice does not fit."""
    bad = FOLDER / "bad.jsonl"
    bad.write_bytes(bad.read_bytes().replace(b"account", b"konto"))
    assert "the recording is another one than" in say("explore", "--replay", str(FOLDER / "found.tape")).out


# --- the corpus ---------------------------------------------------------------------------


def test_what_is_in_the_corpus_is_run_first(said: Said) -> None:
    """And is not added again. What --out has is a corpus, too."""
    assert "kept in the corpus: corpus/two-deposits-buggy-lost-update-" in said.err
    for corpus, tapes in (("corpus", 1), (str(FOLDER), 1)):
        again = explored(*BUGGY, "--corpus", corpus)
        assert (again.code, again.err) == (1, "")
        assert "found  by the corpus search, after 2 schedules" in again.out
        assert len(list(Path(corpus).glob("*.tape"))) == tapes


def test_a_tape_that_passes_now_is_kept_and_told() -> None:
    """It is there to see that it stays so."""
    (path,) = Path("corpus").iterdir()
    tape = Tape.load(path)
    Play(find_one("bank_scenarios.py::two_deposits").scenario, "buggy").run().run.tape.save(path)
    assert Tape.load(path) != tape
    said = explored(*BUGGY, "--corpus", "corpus", schedules=2)
    assert f"two-deposits (buggy): {path.name} passes now, and is kept" in said.err
    assert path.exists()


def test_a_tape_of_another_version_is_left_out_in_one_line() -> None:
    """With its reason, and what to do."""
    (path,) = Path("corpus").iterdir()
    tape = Tape.load(path)
    replace(tape, program=Program(tape.program.name, "older")).save(path)
    said = explored(*FIXED, "--corpus", "corpus")
    assert (said.code, said.err) == (0, "")
    said = explored(*BUGGY, "--corpus", "corpus")
    assert said.code == 1
    stale, kept = said.err.splitlines()
    assert stale.startswith(f"two-deposits (buggy): left out {path.name}: the tape is of another version of")
    assert "kept in the corpus" in kept
    assert not path.exists()


# --- stopped, and gone on with --------------------------------------------------------------


def test_stopped_and_resumed_it_is_as_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done is not done again, and the file is taken away at the end."""
    whole = explored("bank_scenarios.py", "-f", "json")
    search, searched = campaign.explore, []

    def stopping(scenario: Any, variant: str, *more: Any, **named: Any) -> Any:
        if len(searched) == 1:
            raise KeyboardInterrupt
        searched.append((scenario.name, variant))
        return search(scenario, variant, *more, **named)

    monkeypatch.setattr(campaign, "explore", stopping)
    stopped = explored("bank_scenarios.py", "-f", "json", "--resume", "state.json")
    assert stopped.code == 130
    assert "interrupted: 1 of 3 are done and kept" in stopped.err
    assert comparable(stopped) == comparable(whole)[:1]
    monkeypatch.setattr(campaign, "explore", lambda *a, **n: searched.append(a[:2]) or search(*a, **n))
    resumed = explored("bank_scenarios.py", "-f", "json", "--resume", "state.json")
    assert comparable(resumed) == comparable(whole)
    assert resumed.code == whole.code == 1
    assert len(searched) == 3
    assert not Path("state.json").exists()


def test_stopped_in_the_middle_of_a_search_it_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """No schedule is run twice, but those that everything else follows from."""
    whole = explored(*FIXED, "-f", "json", schedules=30)
    search, ran = campaign.explore, []

    def noting(most: int) -> Any:
        def on_progress(progress: Progress) -> None:
            ran.append(progress.schedules)
            if progress.schedules == most:
                raise KeyboardInterrupt

        return lambda *given, **named: search(*given, **{**named, "on_progress": on_progress})

    monkeypatch.setattr(campaign, "explore", noting(20))
    assert explored(*FIXED, "-f", "json", "--resume", "state.json", schedules=30).code == 130
    monkeypatch.setattr(campaign, "explore", noting(0))
    resumed = explored(*FIXED, "-f", "json", "--resume", "state.json", schedules=30)
    assert comparable(resumed) == comparable(whole)
    phases = results(whole)[0]["by_phase"]
    at_first = phases["plain"] + 2 * phases["guided"]  # after each of these a random one
    assert len(ran) == 20 + at_first + 30 - 19


def test_ctrl_c_ends_it_with_130_and_what_was_done() -> None:
    """In the middle of a search without an end."""
    running = subprocess.Popen(
        [
            *CLI,
            "explore",
            "bank_scenarios.py",
            "--variant",
            "fixed",
            "--seconds",
            "600",
            "--resume",
            "state.json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until = time.monotonic() + 60
        while not Path("state.json").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "Traceback" not in err
    assert "interrupted: 0 of 2 are done and kept" in err
    assert out == ""
    assert Path("state.json").exists()

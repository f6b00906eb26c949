"""What `check` predicts of a recording is tried first, and nothing of it is dropped without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.scenarios import Play
from backend.scenarios.discovery import find_one
from debugger.explore.handed import Predictions
from debugger.explore.oracle import Oracle
from debugger.explore.search import explore
from debugger.explore.verdicts import Budget
from tests.cli.command import ROOT
from tests.explore.bank import BANK
from tests.support.commands import say

NAME = "bank_scenarios.py::two_deposits"
FOREIGN = str(ROOT / "sample_logs" / "barge_in.jsonl")


@pytest.fixture(autouse=True)
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain recording of a scenario, beside it."""
    monkeypatch.chdir(tmp_path)
    Path("bank_scenarios.py").write_text(BANK)
    Path("plain.jsonl").write_bytes(Play(find_one(NAME).scenario, "buggy").run().recording)


def test_check_says_how_its_predictions_are_proven() -> None:
    """In one line, in text only; not where nothing is predicted, nor of a recording that is not simulated."""
    said = say("check", "plain.jsonl")
    assert said.code == 0
    assert said.err == (
        "to prove what is predicted of two-deposits: doubletalk explore two-deposits --from plain.jsonl\n"
    )
    assert say("check", "plain.jsonl", "--format", "json").err == ""
    assert "explore" not in say("check", FOREIGN).err


def test_what_was_predicted_is_tried_first_and_its_fate_told() -> None:
    """One line for each, in JSON among the notices."""
    said = say("explore", NAME, "--variant", "buggy", "--from", "plain.jsonl", "-f", "json", "-j", "1")
    assert said.code == 1
    (result,) = json.loads(said.out)["results"]
    assert (result["phase"], result["schedules"]) == ("guided", 2)
    (line,) = result["notices"]
    assert line.startswith("two-deposits (buggy): plain.jsonl: confirmed: order-race: ")
    assert said.err == f"{line}\n"


def test_what_the_scenario_does_not_predict_is_named() -> None:
    """The recording may be of another program: then that is all of it."""
    said = say("explore", NAME, "--variant", "buggy", "--from", FOREIGN, "-j", "1", "--schedules", "5")
    assert said.code == 1
    lines = said.err.splitlines()
    assert lines
    assert all(" not predicted of the plain run" in line for line in lines)
    assert any("text_queue_manager" in line for line in lines)


def test_pairs_are_put_in_the_order_of_the_recording() -> None:
    """By rule, components and message types; the others come after them."""
    scenario = find_one("text-before-ready").scenario
    result = explore(scenario, "fixed", Budget(schedules=1))
    recording = Path("assistant.jsonl")
    recording.write_bytes(result.plain)
    predictions = Predictions(str(recording), Oracle())
    seen: list[list[tuple[int, int]]] = []

    def prefer(plain: bytes, pairs: object) -> object:
        backwards = list(reversed(pairs))  # type: ignore[call-overload]
        ordered = predictions.first(plain, backwards)
        seen.append([one.rows for one in pairs])  # type: ignore[attr-defined]
        seen.append([one.rows for one in ordered])
        return ordered

    explore(scenario, "fixed", Budget(schedules=2), prefer=prefer)  # type: ignore[arg-type]
    as_before, ordered = seen
    assert len(as_before) > 2
    assert sorted(ordered) == sorted(as_before)
    assert ordered[0] == as_before[0]


def test_a_recording_of_which_nothing_is_predicted_is_refused() -> None:
    """There is nothing to hand over."""
    Path("quiet.jsonl").write_bytes(
        Play(find_one("bank_scenarios.py::a_quiet_day").scenario, "fixed").run().recording
    )
    said = say("explore", NAME, "--from", "quiet.jsonl")
    assert said.code == 2
    assert "quiet.jsonl: nothing is predicted of it" in said.err

"""`doubletalk simulate`: recordings, tapes, the list, and scenarios that do what they should not."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import CLI, call
from tests.scenarios.simulating import BAD, Command

HOW_BAD = {
    "raises": "ValueError: no (at LINE in raises)",
    "hangs": "nothing can go on: main waits for an event to be set at LINE in hangs",
    "goes-round": "10 s of virtual time, and no end",
    "never-awaits": "a step takes more than 0.2 s of real time: it never awaits, at LINE in never_awaits",
    "leaks": "left running: forgotten waits for an event to be set",
    "fails-unseen": "nobody handled ValueError: unseen (at LINE in fails_unseen.<locals>.fail)",
    "threads": "a thread at LINE in threads (task main): use asyncio.to_thread or an executor",
    "connects": "loop.create_connection at LINE in connects (task main): simulate what is outside",
    "opens-a-socket": "socket.__new__ at LINE in opens_a_socket (task main): simulate what is outside",
    "sleeps": "time.sleep at LINE in sleeps (task main): await asyncio.sleep",
    "starts-a-program": "subprocess.Popen at LINE in starts_a_program (task main): simulate what is",
    "exits": "SystemExit: 7 (at LINE in exits)",
}


@pytest.mark.parametrize("name", HOW_BAD)
def test_a_bad_scenario_is_told_in_one_line_and_fails(name: str, say: Command) -> None:
    """What it did, and where; exit 1. The recording up to there is whole, and alone on stdout."""
    said = say(f"{BAD}::{name}")
    assert said.code == 1
    (told,) = said.told
    assert HOW_BAD[name] in re.sub(r"\S*bad_programs\.py:\d+", "LINE", told)
    assert said.events()[-1]["message_type"] == "RECORDING_ENDED"


def test_what_a_scenario_prints_is_not_in_its_recording(say: Command) -> None:
    """Neither what its module prints, nor what it writes past Python; all of it is on stderr."""
    said = say(f"{BAD}::prints")
    assert said.code == 0
    assert said.events()[-1]["message_type"] == "RECORDING_ENDED"
    assert {"imported", "hello", "past Python"} <= set(said.err.splitlines())


def test_the_same_seed_is_the_same_recording_in_another_process(say: Command) -> None:
    """To the byte, whatever Python's hashes are; another seed is another one, and so is asyncio's order."""
    command = [*CLI, "simulate", "text-before-ready", "--seed", "3"]
    env = {**os.environ, "PYTHONHASHSEED": "2"}
    elsewhere = subprocess.run(command, check=True, env=env, capture_output=True, timeout=60).stdout
    assert say("text-before-ready", "--seed", 3).out == elsewhere
    others = [say("text-before-ready", "--seed", 4).out, say("text-before-ready", "--plain").out]
    assert len({elsewhere, *others}) == 3


def test_a_recording_has_the_times_of_a_real_one(say: Command) -> None:
    """No two events at once, microseconds apart within a step, and seconds of a conversation in all."""
    events = say("tool-call").events()
    times = [event["mono_ns"] for event in events]
    assert times == sorted(set(times))
    assert times[-1] - times[0] > 2e9
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert sorted(gaps)[len(gaps) // 2] < 50_000
    assert min(gaps) > 1_000


def test_a_tape_plays_the_same_again(say: Command, tmp_path: Path) -> None:
    """By itself, by its scenario's name, and not in place of another one."""
    tape, first, again = tmp_path / "found.tape", tmp_path / "first.jsonl", tmp_path / "again.jsonl.gz"
    made = say("worker-overlap", "--variant", "buggy", "--seed", 5, "--tape", tape, "-o", first)
    assert made.code == 0
    assert made.err.startswith("worker-overlap (buggy), random order 5: returned after ")
    assert made.err.rstrip().endswith(f"events in {first}")
    for names in ((), ("worker-overlap",), ("worker-overlap", "--variant", "buggy")):
        assert say(*names, "--replay", tape).out == first.read_bytes()
    assert say("--replay", tape, "-o", again).code == 0
    for names, told in (
        (("lost-update",), "none of these scenarios"),
        (("worker-overlap", "--variant", "fixed"), "the tape is of backend.scenarios.assistant"),
        (("worker-overlap", "--seed", "1"), "leave out --seed"),
    ):
        said = say(*names, "--replay", tape)
        assert said.code == 2
        assert told in said.told[0]


def test_what_was_simulated_can_be_checked(say: Command, tmp_path: Path) -> None:
    """It is a recording like any other."""
    path = tmp_path / "simulated.jsonl.zst"
    assert say("illegal-transition", "--variant", "buggy", "--random", "-o", path).code == 0
    checked = call("check", str(path), "--format", "json")
    violations = [one for one in json.loads(checked.stdout)["findings"] if one["verdict"] == "violation"]
    assert checked.returncode == 1
    assert {one["rule"] for one in violations} == {"illegal-transition"}


def test_the_list_has_what_the_contract_says(say: Command) -> None:
    """Name, about, variants, rule; as text a line each. A file's own are named so that they are found."""
    rows = {row["name"]: row for row in json.loads(say("--list", "--format", "json").out)}
    assert rows["lost-update"]["variants"] == ["fixed", "buggy"]
    assert rows["lost-update"]["rule"] == "lost-update"
    assert rows["three-turns"] == {
        "name": "three-turns",
        "about": "Three spoken questions and their answers; the model is told what was said before.",
        "variants": ["fixed"],
        "rule": None,
    }
    assert len(say("--list").out.splitlines()) == len(rows)
    assert say("--list", BAD).out.decode().splitlines()[1].split() == [f"{BAD}::hangs", "fixed"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a scenario"),
        (("three-turn",), "there is no scenario 'three-turn'; did you mean three-turns?"),
        (("three-turns", "--variant", "buggy"), "has no variant 'buggy'; it has fixed"),
        ((BAD,), "has 13 scenarios: name one, such as"),
        (("three-turns", "-o", "{tmp}/no/such.jsonl"), "such.jsonl"),
        (("three-turns", "--tape", "{tmp}/no/such.tape"), "such.tape"),
        (("--replay", "{tmp}/none.tape"), "none.tape"),
        (("--replay", BAD), "this is no tape"),
    ],
    ids=str,
)
def test_what_cannot_be_simulated_is_told_in_one_line(
    arguments: tuple[object, ...], told: str, say: Command, tmp_path: Path
) -> None:
    """Exit 2."""
    said = say(*(str(one).replace("{tmp}", str(tmp_path)) for one in arguments))
    assert said.code == 2
    (line,) = said.told
    assert told in line


def test_a_scenario_that_does_not_stop_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it with 130, and no traceback."""
    path = tmp_path / "endless.py"
    path.write_text(
        "import asyncio\nfrom backend.scenarios import scenario\n"
        "@scenario\nasync def endless(scene):\n    print('begun', flush=True)\n"
        "    while True:\n        await asyncio.sleep(0)\n",
        "utf-8",
    )
    command = [*CLI, "simulate", str(path)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    assert running.stderr.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    _, rest = running.communicate(timeout=60)
    assert (running.returncode, rest) == (130, "")

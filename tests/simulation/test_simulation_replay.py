"""The same tape is the same recording, byte for byte."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from backend.models import Scripted, ScriptedModel
from backend.simulation import AtRandom, Outcome, Settings, Tape, replay, simulate
from backend.tap import Recorder, Tap
from tests.simulation.recorded import run, talk
from tests.support.assistant import FakeVoice, Record, assert_sound, assistant
from tests.support.examples import tried
from tests.tap.kept import assert_framed

ROOT = Path(__file__).parents[2]


@given(st.integers(0, 2**40))
@tried(20)
def test_the_same_tape_is_the_same_recording(seed: int) -> None:
    """Twice by seed and once by the tape as it is on disk; and each recording is sound."""
    first = run(seed)
    assert first.clean, (first.error, first.leaked, first.unhandled)
    assert run(seed).result() == first.result()
    again = replay(talk, Tape.decode(first.tape.encode()))
    assert again.result() == first.result()
    assert again.tape.choices == first.tape.choices
    assert_framed([decode_line(line) for line in first.result().splitlines()])


def test_other_seeds_are_other_recordings() -> None:
    """Twenty seeds, and nearly as many orders; the plain schedule is one of its own."""
    assert len({run(seed).result() for seed in range(20)}) > 15
    assert run(None).tape.deviations == 0


def test_other_processes_make_the_same_bytes(tmp_path: Path) -> None:
    """A tape recorded in one process plays in others, whatever their hashes are seeded with."""
    tape = str(tmp_path / "run.tape")
    digests = set()
    for how, hash_seed in (("record", "0"), ("replay", "1"), ("replay", "4711")):
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation.recorded", how, "11", tape],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


async def conversation() -> Record:
    """An assistant that is talked to, and interrupted."""
    story = tuple(f"Sentence number {number} is told. " for number in range(8))
    model = ScriptedModel([Scripted(story, delay=0.05, first_delay=0.2)], loop=True)
    async with assistant(model, voice=FakeVoice(0.02), pace=1.0) as rig:
        await rig.say("hello")
        await rig.speaks(rig.session.user.say("a story"))
        await rig.say("stop that")
    return rig.record


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_assistant_runs_unchanged(seed: int | None) -> None:
    """A conversation in virtual time, sound whatever the order, and the same by its tape."""
    first = simulate(conversation, None if seed is None else AtRandom(seed))
    record = first.result()
    assert first.clean, (first.leaked, first.unhandled)
    assert_sound(record)
    assert first.seconds > 8
    again = replay(conversation, first.tape).result()
    assert again.events == record.events


def test_nothing_in_the_assistant_escapes() -> None:
    """The thorough look sees each C function that is called: no clock but the virtual one is read."""
    run = simulate(conversation, settings=Settings(thorough=True))
    assert run.outcome is Outcome.RETURNED, run.error


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_a_recorders_file_is_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    """Compressed ones, too: their heads and blocks follow virtual time."""

    async def main(path: Path) -> None:
        async with Tap("app", sinks=(Recorder(path),)) as tap:
            for number in range(2000):
                tap.system("MARK", {"number": number})
                if number % 10 == 0:
                    await asyncio.sleep(0.01)

    contents = set()
    for folder in ("first", "second"):
        path = tmp_path / folder / f"run.{suffix}"
        path.parent.mkdir()
        simulate(functools.partial(main, path), AtRandom(4)).result()
        contents.add(path.read_bytes())
    assert len(contents) == 1

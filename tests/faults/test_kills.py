"""Parts of the service are killed at random moments: every event is there once, or a gap names it.

A short form of ``python -m tests.bench faults``, which kills fifty times.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.command import ROOT
from tests.faults.kills import PARTS, kill

KILLS: Final = {
    "store": 2,
    "gateway": 2,
    "feed": 2,
    "stream": 3,
    "consumer": 2,
    "gateways": 2,
}


@pytest.mark.parametrize("what", KILLS)
def test_what_is_killed_at_random_moments_loses_nothing_unnamed(what: str, tmp_path: Path) -> None:
    """And repeats nothing; the seed is told where that is not so."""
    seed = secrets.randbelow(10**6)
    killed = kill(what, KILLS[what], seed, tmp_path)
    assert killed.sound, f"{killed}\nagain with: python -m tests.bench faults --what {what} --seed {seed}"


def test_the_program_that_kills_names_what_it_does_not_know() -> None:
    """In one line, with what there is; nothing is killed."""
    words = [sys.executable, "-m", "tests.bench", "faults", "--what", "store,moon"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"no such part: moon; there are {', '.join(PARTS)}")

"""Parts of the service are killed at random moments: every event is there once, or a gap names it.

A short form of ``python -m tests.bench faults``, which kills fifty times.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import pytest

from tests.bench.faults import main
from tests.faults.kills import PARTS, kill

# A gateway within a program is one of two feeds that are killed with it, which are alike.
KILLS: Final = {
    "store": 2,
    "feed": 2,
    "stream": 3,
    "consumer": 2,
    "gateways": 1,
}


@pytest.mark.parametrize("what", KILLS)
def test_what_is_killed_at_random_moments_loses_nothing_unnamed(what: str, tmp_path: Path) -> None:
    """And repeats nothing; the seed is told where that is not so."""
    seed = secrets.randbelow(10**6)
    killed = kill(what, KILLS[what], seed, tmp_path)
    assert killed.sound, f"{killed}\nagain with: python -m tests.bench faults --what {what} --seed {seed}"


def test_the_program_that_kills_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with what there is; nothing is killed."""
    with pytest.raises(SystemExit) as ended:
        main(["--what", "store,moon"])
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.err.splitlines()[-1].endswith(f"no such part: moon; there are {', '.join(PARTS)}")
    assert not told.out

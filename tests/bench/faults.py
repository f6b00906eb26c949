"""Parts of the service, killed again and again at random: each event is there once, or a gap names it.

``python -m tests.bench faults [--kills 50] [--what store,gateway,…] [--seed N]``. The seed is
printed: with it the same moments come again.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.kills import PARTS, kill

KILLS = 50


def run(kills: int, what: Sequence[str], seed: int) -> bool:
    """Kill, print what became of the events, and tell whether each is accounted for."""
    print(f"faults  seed {seed}", flush=True)
    sound = True
    with tempfile.TemporaryDirectory() as name:
        for part in what:
            folder = Path(name) / part
            folder.mkdir()
            began = time.monotonic()
            done = kill(part, kills, seed, folder)
            sound &= done.sound
            verdict = "" if done.sound else f"\nfaults  NOT ACCOUNTED FOR: --what {part} --seed {seed}"
            print(f"faults  {done} ({time.monotonic() - began:.0f} s){verdict}", flush=True)
    return sound


def main(arguments: Sequence[str]) -> int:
    """With the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="of each part")
    parser.add_argument("--what", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the moments")
    options = parser.parse_args(arguments)
    what = options.what.split(",")
    if unknown := sorted(set(what) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return 0 if run(options.kills, what, options.seed) else 1

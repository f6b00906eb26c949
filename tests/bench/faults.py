"""Parts of the service, killed again and again at random: each event is there once, or a gap names it.

``python -m tests.bench faults [--kills 50] [--what store,gateway,…] [--seed N] [--minutes M]``. The seed is
printed: with it the same moments come again. With ``--minutes`` each is killed as often as there is time.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.kills import PARTS, kill
from tests.faults.subscriptions import crowd

KILLS = 50
CROWD = 1_000_000


def run(kills: int, what: Sequence[str], seed: int, minutes: float) -> bool:
    """Kill, print what became of the events, and tell whether each is accounted for."""
    print(f"faults  seed {seed}", flush=True)
    sound, ends = True, time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as name:
        for number, part in enumerate(what):
            folder = Path(name) / part
            folder.mkdir()
            began = time.monotonic()
            done = kill(part, kills, seed, folder, (ends - began) / (len(what) - number))
            sound &= done.sound
            verdict = "" if done.sound else f"\nfaults  NOT ACCOUNTED FOR: --what {part} --seed {seed}"
            print(f"faults  {done} ({time.monotonic() - began:.0f} s){verdict}", flush=True)
    return sound


def run_crowd(clients: int) -> bool:
    """Let so many subscribe, and print what is left of them."""
    left = asyncio.run(crowd(clients))
    print(
        f"faults  {left.subscribed:,} subscribed and left: {left.still_there} are there, and memory grew by "
        f"{left.grown / 1e6:.1f} MB from when a tenth of them had been",
        flush=True,
    )
    return not left.still_there


def main(arguments: Sequence[str]) -> int:
    """With the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="of each part")
    parser.add_argument("--what", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the moments")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for all parts together, about")
    parser.add_argument(
        "--crowd", type=int, default=0, help=f"so many subscriptions besides, such as {CROWD}"
    )
    options = parser.parse_args(arguments)
    what = options.what.split(",") if options.what else []
    if unknown := sorted(set(what) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    sound = run(options.kills, what, options.seed, options.minutes) if what else True
    if options.crowd:
        sound &= run_crowd(options.crowd)
    return 0 if sound else 1

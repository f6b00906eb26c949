"""Whole fleets of recordings, by engine, against the pool of processes in the same run.

``python -m tests.bench fleet [--files 400] [--events 250] [--jobs 2] [--engines pool,dask,ray]``.
`check` and `stats --total` as a user calls them, from start to end: what an engine takes to begin is in it,
and is told beside it, from a run over one small file. ``x pool`` is an engine's time by the pool's.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.voicelog import voice_lines

ENGINES: Final = {"pool": "pool", "dask": "dask://local", "ray": "ray://local"}
COMMANDS: Final = {
    "check": ("check", "--format", "json", "--fail-on", "never"),
    "stats": ("stats", "--json", "--total"),
}


class Ran(NamedTuple):
    """Seconds, and what it printed, but for the time that is in it."""

    seconds: float
    printed: str


def fleet(folder: Path, files: int, events: int) -> int:
    """Write so many conversations, of so many events each; how many events that are."""
    lines = voice_lines(1, turns=max(events // 60, 1)).splitlines(keepends=True)
    while len(lines) < events:
        lines += lines
    content = b"".join(lines[:events])
    for number in range(files):
        own = content.replace(b'"session_id":"', b'"session_id":"%d-' % number)
        (folder / f"{number:06}.jsonl").write_bytes(own)
    return files * events


def ran(command: str, engine: str, jobs: int, path: Path) -> Ran:
    """One run of the command line.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    arguments = (*COMMANDS[command], str(path), "--engine", ENGINES[engine], "--jobs", str(jobs))
    began = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "debugger.cli", *arguments], capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if run.returncode:
        raise RuntimeError(f"{engine}: ended with {run.returncode}: {run.stderr.strip()[-200:]}")
    timeless = re.sub(r'"seconds": ?[\d.]+', "", run.stdout) if command == "check" else run.stdout
    return Ran(took, hashlib.sha256(timeless.encode()).hexdigest())


def measure(files: int, events: int, jobs: int, engines: list[str]) -> bool:
    """Print the figures; whether all engines said the same."""
    same = True
    with tempfile.TemporaryDirectory() as name:
        folder, small = Path(name, "fleet"), Path(name, "one.jsonl")
        folder.mkdir()
        small.write_bytes(voice_lines(1, turns=1))
        count = fleet(folder, files, events)
        for command in COMMANDS:
            base: Ran | None = None
            for engine in engines:
                try:
                    begins = ran(command, engine, jobs, small)
                    took = ran(command, engine, jobs, folder)
                except RuntimeError as error:
                    print(f"fleet  {command:<6}{error}")
                    same = False
                    continue
                base = base or took
                same &= took.printed == base.printed
                print(
                    f"fleet  {command:<6}{engine:<5} {files:,} files: {files / took.seconds:>8,.0f} files/s "
                    f"{count / took.seconds:>10,.0f} events/s ({took.seconds:.1f} s, of which to begin "
                    f"{begins.seconds:.1f} s); x {engines[0]} {took.seconds / base.seconds:.2f}; "
                    f"{'the same report' if took.printed == base.printed else 'ANOTHER REPORT'}",
                    flush=True,
                )
    return same


def main(arguments: list[str]) -> int:
    """With the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench fleet", description=__doc__)
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--events", type=int, default=250, help="of each file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--engines", default=",".join(ENGINES))
    options = parser.parse_args(arguments)
    return 0 if measure(options.files, options.events, options.jobs, options.engines.split(",")) else 1


def report() -> None:
    """As part of all benchmarks."""
    main([])

"""A disk that is full: who goes on, who waits, and what is left in the files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.command import ROOT
from tests.faults.books import in_store
from tests.faults.ledger import Ledger

# A recorder and a store fill a disk of 8 MB, most of which something else has; then that is removed.
_PROGRAM: Final = """
import asyncio, json, shutil, sys, time
from pathlib import Path
from backend.store.sink import StoreSink
from backend.tap import Recorder, Tap

async def main(disk, kept):
    (disk / "ballast").write_bytes(bytes(6_500_000))
    store, slowest, emitted = StoreSink(disk / "store"), 0.0, 0
    async with Tap("full", sinks=(Recorder(disk / "run.jsonl"), store)) as tap:
        async def until(holds, count):
            nonlocal slowest, emitted
            while not holds():
                began = time.perf_counter()
                for _ in range(count):
                    emitted += 1
                    tap.emit("message_published", "overseer", "TEXT_CHUNK", {"text": "x" * 200})
                tap.drain()
                slowest = max(slowest, time.perf_counter() - began)
                await asyncio.sleep(0.005)
        await until(lambda: tap.sink_errors, 50)
        await until(lambda: store.stats.problem, 1)
        problem = store.stats.problem
        shutil.copy(disk / "run.jsonl", kept)
        (disk / "run.jsonl").unlink()
        (disk / "ballast").unlink()
        while not store.settle(0.01):
            await asyncio.sleep(0.01)
        restarts = store.stats.restarts
    last = store.stats.stored
    shutil.copytree(disk / "store", kept / "store")
    print(json.dumps({"source": tap.source, "stored": last, "errors": tap.sink_errors, "problem": problem,
                      "slowest": slowest, "restarts": restarts, "emitted": emitted}))

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def in_namespace(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where it may mount what it likes, which ends with it."""
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-ec", command, "sh", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=100,
    )


def small_disk(folder: Path) -> str:
    """A command that mounts one there; skips where that may not be."""
    mount = f'mount -t tmpfs -o size=8m none "{folder}"'
    if shutil.which("unshare") is None or in_namespace(mount).returncode:
        pytest.skip("no small disk can be made here: unshare and mount are not allowed")
    return mount


def test_a_recorder_leaves_a_full_disk_and_a_store_waits_for_room(tmp_path: Path) -> None:
    """The program goes on and is not slowed; whole lines in the recording, in the store each event once."""
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    kept.mkdir()
    command = f'{small_disk(disk)}; exec "{sys.executable}" -c "$1" "$2" "$3"'
    done = in_namespace(command, _PROGRAM, str(disk), str(kept))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (error,) = told["errors"]
    assert error.startswith("Recorder stopped: JsonlFileError: cannot write ")
    assert error.endswith("run.jsonl: No space left on device")
    assert "No space left on device" in told["problem"]
    assert told["restarts"] >= 1
    assert told["slowest"] < 1.0
    assert "Traceback" not in done.stderr
    source, last = told["source"], told["stored"]
    assert last > told["emitted"]  # the beginning, the end, and what became of the recorder
    verdict = in_store(kept / "store").verdict({source: last})
    assert verdict.sound, verdict
    assert verdict.named == 0
    recording = (kept / "run.jsonl").read_bytes()
    assert recording.endswith(b"\n")
    books = Ledger()
    books.read(kept / "run.jsonl")
    recorded = books.verdict({source: recording.count(b"\n")})
    assert recorded.sound, recorded


def test_a_recording_of_a_feed_ends_where_the_disk_does_in_one_line(tmp_path: Path) -> None:
    """`record` says what happened, with exit 2; what is in the file are whole lines."""
    disk = tmp_path / "disk"
    disk.mkdir()
    program = """
import asyncio, sys
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from tests.gateway.feeds import batch

async def main(path):
    hub = Hub()
    for first in range(1, 20_001, 1_000):
        hub.write(batch(first, 1_000, text="x" * 200))
    async with FeedServer(hub) as server:
        words = [sys.executable, "-m", "debugger.cli", "record", server.url, "-o", path]
        process = await asyncio.create_subprocess_exec(*words)
        print(await process.wait(), open(path, "rb").read()[-1:], flush=True)

asyncio.run(main(sys.argv[1]))
"""
    path = disk / "feed.jsonl"
    command = f'{small_disk(disk)}; exec "{sys.executable}" -c "$1" "$2"'
    done = in_namespace(command, program, str(path))
    assert done.stdout.split() == ["2", r"b'\n'"], done.stderr
    said = done.stderr.splitlines()
    assert said[0].startswith("connected to ws://127.0.0.1:")
    assert said[1:] == [f"doubletalk: cannot write {path}: No space left on device"]

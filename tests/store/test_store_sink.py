"""A tap's sink that stores: in a process of its own, each event once, whoever is killed."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.store import StoreError
from backend.store.frames import FAILED, READY, Frames, lines_head
from backend.store.layout import catalogue
from backend.store.sink import StoreSink
from backend.tap import Tap
from tests.store.stored import batches, stored


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


async def test_a_tap_stores_what_it_emits(tmp_path: Path) -> None:
    """All of it, in order, from the beginning to the end of the recording."""
    async with Tap("assistant", sinks=(StoreSink(tmp_path / "s"),)) as tap:
        for number in range(300):
            tap.emit("system", "overseer", "NODE_ADD", {"number": number})
    events = stored(tmp_path / "s")
    assert [event.seq for event in events] == list(range(1, 303))
    assert events[0].message_type == "RECORDING_STARTED"
    assert events[-1].payload()["count"] == 302
    there = catalogue(tmp_path / "s")
    assert there.holes == ()  # closed in order: all is indexed


@pytest.mark.parametrize("seed", [1, 2])
def test_a_writer_that_is_killed_at_any_moment_loses_nothing(seed: int, tmp_path: Path) -> None:
    """Several times, and at last each event is in the store once."""
    moments = random.Random(seed)
    sink = StoreSink(tmp_path / "s")
    killed: set[int] = set()
    for number, batch in enumerate(batches(120, 100)):
        sink.write(batch)
        if number in {20, 50, 80}:
            until(lambda: sink.stats.pid not in {None, *killed})
            pid = sink.stats.pid
            assert pid is not None
            killed.add(pid)
            time.sleep(moments.random() / 100)  # a moment of any kind: before, within and after writing
            os.kill(pid, signal.SIGKILL)
    sink.close()
    assert [event.seq for event in stored(tmp_path / "s")] == list(range(1, 12_001))
    assert sink.stats.dropped == 0
    assert sink.stats.restarts == len(killed) == 3


def test_what_finds_the_queue_full_is_named(tmp_path: Path) -> None:
    """While the process stands still: `write` returns at once, and a gap in the store names the rest."""
    sink = StoreSink(tmp_path / "s", queue_bytes=200_000)
    first, *rest = batches(200, 100)
    sink.write(first)
    until(lambda: sink.stats.stored == 100)
    pid = sink.stats.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    slowest = 0.0
    for batch in rest[:-1]:
        began = time.perf_counter()
        sink.write(batch)
        slowest = max(slowest, time.perf_counter() - began)
    os.kill(pid, signal.SIGCONT)
    until(lambda: sink.stats.waiting == 0)
    sink.write(rest[-1])
    sink.close()
    events = stored(tmp_path / "s")
    gaps = [event.payload() for event in events if event.message_type == "GAP"]
    missing = {seq for gap in gaps for seq in range(gap["from_seq"], gap["to_seq"] + 1)}
    there = [event.seq for event in events if event.seq is not None]
    assert sink.stats.dropped == len(missing) > 0
    assert sorted([*there, *missing]) == list(range(1, 20_001))
    assert {gap["source"] for gap in gaps} == {"assistant-1"}
    assert slowest < 0.5


def test_a_store_that_cannot_be_written_is_told_before_anything_begins(tmp_path: Path) -> None:
    """In one line, from the constructor: what, where, what to do."""
    with StoreSinkOpen(tmp_path / "s") as pid, pytest.raises(StoreError) as refused:
        StoreSink(tmp_path / "s")
    assert f"(pid {pid})" in str(refused.value)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"cannot make a store in .*file: (File exists|Not a directory)"):
        StoreSink(tmp_path / "file")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("x")
    with pytest.raises(StoreError, match=r"not empty \(letter.txt\): name a new folder"):
        StoreSink(tmp_path / "home")


class StoreSinkOpen:
    """A sink that is open, by its process."""

    def __init__(self, folder: Path) -> None:
        self._sink = StoreSink(folder)

    def __enter__(self) -> int:
        pid = self._sink.stats.pid
        assert pid is not None
        return pid

    def __exit__(self, *_: object) -> None:
        self._sink.close()


def test_whoever_must_know_that_it_is_stored_can_wait(tmp_path: Path) -> None:
    """As long as there is time; to whom has an acknowledgement of its own to give."""
    sink = StoreSink(tmp_path / "s")
    for batch in batches(5, 100):
        sink.write(batch)
    assert sink.settle(60)
    assert [event.seq for event in stored(tmp_path / "s")] == list(range(1, 501))
    pid = sink.stats.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    sink.write(list(batches(6, 100))[-1])
    assert not sink.settle(0.01)
    os.kill(pid, signal.SIGCONT)
    assert sink.settle(60)
    sink.close()


def test_what_cannot_be_stored_at_the_end_is_counted(tmp_path: Path) -> None:
    """A process that does not answer is not waited for without end."""
    sink = StoreSink(tmp_path / "s", close_seconds=0.2)
    pid = sink.stats.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    sink.write(next(iter(batches(1, 100))))
    with pytest.raises(StoreError, match="100 events are not in the store"):
        sink.close()
    until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_batch_stored_twice_is_there_once(tmp_path: Path) -> None:
    """A second sink, a second time: known by source and seq from what the first one left."""
    for _ in range(2):
        sink = StoreSink(tmp_path / "s")
        for batch in batches(3, 100):
            sink.write(batch)
        sink.close()
    assert [event.seq for event in stored(tmp_path / "s")] == list(range(1, 301))


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path: Path) -> None:
    """The process ends with a line, and is begun again until there is room; each event is there once."""
    sink = StoreSink(tmp_path / "s")
    pid = sink.stats.pid
    assert pid is not None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))  # of that process alone
    for batch in batches(5, 100):
        sink.write(batch)
    until(lambda: sink.stats.restarts == 1 and sink.stats.stored == 500)
    sink.close()
    assert [event.seq for event in stored(tmp_path / "s")] == list(range(1, 501))


def test_a_full_disk_is_told_by_the_process(tmp_path: Path) -> None:
    """To its producer, and on stderr; exit 2. What is no producer is told, too."""
    lines = b"".join(batch.jsonl for batch in batches(1, 100))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    command = [sys.executable, "-m", "backend.store", str(tmp_path / "s")]
    sent = lines_head(1, len(lines)) + lines
    run = subprocess.run(command, input=sent, capture_output=True, check=False, preexec_fn=limit)
    assert run.returncode == 2
    kinds = Frames().take(run.stdout)
    assert [kind for kind, _ in kinds] == [READY, FAILED]
    path = tmp_path / "s" / "events" / "000001.jsonl"
    told = f"cannot write {path}: File too large; the limit of a file's size is reached"
    assert kinds[1][1].decode().startswith(told)
    assert run.stderr.decode().startswith(f"doubletalk store: {told}")
    assert len(run.stderr.splitlines()) == 1
    run = subprocess.run(command, input=b"GET / HTTP/1.1\r\n\r\n", capture_output=True, check=False)
    assert run.returncode == 2
    assert b"no frame begins with b'GET /': is this a producer?" in run.stderr
    assert stored(tmp_path / "s") == []

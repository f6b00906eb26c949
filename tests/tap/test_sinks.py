"""Sinks that come, go and fail, the recorder, and what the tap costs to import."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from backend.events import Event, decode_line
from backend.jsonl_file import JsonlFileError
from backend.tap import Batch, Recorder, Tap
from backend.tap.drain import PENDING_LIMIT
from tests.tap.kept import Kept, assert_framed


class Failing(Kept):
    """A sink whose n-th write raises."""

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.left = at

    def write(self, batch: Batch) -> None:
        if self.left == 0:
            raise OSError(28, "No space left on device")
        self.left -= 1
        super().write(batch)


async def test_a_failing_sink_is_told_once_closed_and_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """The other sinks miss nothing and hold an error event that names the one that failed."""
    before, failing, after = Kept(), Failing(at=1), Kept()
    async with Tap("app", sinks=(before, failing, after)) as tap:
        for number in range(4):
            tap.system("MARK", {"number": number})
            tap.drain()
    for kept in (before, after):
        assert_framed(kept.events)
        assert [e.payload()["number"] for e in kept.events if e.message_type == "MARK"] == [0, 1, 2, 3]
        told = kept.one("error")
        assert (told.component, told.severity) == ("tap", "error")
        assert told.payload()["component"] == "Failing"
        assert told.payload()["error_type"] == "OSError"
        assert told.payload()["recovery_action"] == "sink removed"
    assert failing.closed == 1
    assert len(tap.sink_errors) == 1
    assert "Failing stopped: OSError" in capsys.readouterr().err


async def test_a_sink_that_fails_on_the_last_batch_does_not_spoil_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is in the tap's list of errors and on stderr; the record of the others still ends with its end."""
    kept = Kept()
    async with Tap("app", sinks=(Failing(at=1), kept)) as tap:
        tap.drain()
    assert_framed(kept.events)
    assert len(tap.sink_errors) == 1
    assert "Failing stopped" in capsys.readouterr().err


async def test_a_sink_that_fails_to_close_keeps_none_open(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are closed all the same."""

    class Clinging(Kept):
        def close(self) -> None:
            raise OSError("stuck")

    kept = Kept()
    async with Tap("app", sinks=(Clinging(), kept)) as tap:
        pass
    assert kept.closed == 1
    assert tap.sink_errors == ("Clinging stopped: OSError: stuck",)
    assert capsys.readouterr().err


async def test_a_sink_that_emits_gets_its_event_in_a_later_batch() -> None:
    """No batch within a batch, in no other order for the sinks behind it, and the drain comes to an end."""

    class Chatty(Kept):
        tap: Tap

        def write(self, batch: Batch) -> None:
            first = not self.events
            super().write(batch)
            for _ in range(2 * PENDING_LIMIT if first else 1):  # enough to have a drain at once
                self.tap.system("ECHO")

    chatty, behind = Chatty(), Kept()
    tap = Tap("app", sinks=(chatty, behind))
    chatty.tap = tap
    async with tap:
        tap.system("MARK")
        for _ in range(5):
            tap.drain()
    assert_framed(behind.events)
    assert [e.id for e in chatty.events] == [e.id for e in behind.events]


async def test_a_sink_gets_what_is_emitted_while_it_is_there() -> None:
    """Added and removed in the middle: neither what was before nor what came after; closed when it leaves."""
    whole, guest = Kept(), Kept()
    async with Tap("app", sinks=(whole,)) as tap:
        tap.system("BEFORE")
        tap.add_sink(guest)
        tap.system("DURING")
        tap.remove_sink(guest)
        tap.system("AFTER")
        tap.remove_sink(guest)
    assert [event.message_type for event in guest.events] == ["DURING"]
    assert guest.closed == 1
    assert_framed(whole.events)


def _lines_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
            content = reader.read()
    assert content.endswith(b"\n")
    return content.splitlines()


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz", "run.jsonl.zst"])
def test_a_recording_holds_every_event_a_line(tmp_path: Path, name: str) -> None:
    """By the path's suffix plain or compressed; every line is an event and JSON to anybody."""
    path = tmp_path / name
    recorder = Recorder(path)
    with Tap("app", sinks=(recorder,)) as tap:
        for number in range(5000):
            tap.system("MARK", {"number": number, "text": "grüß dich\n"})
    events: list[Event] = [decode_line(line) for line in _lines_of(path)]
    assert_framed(events)
    assert recorder.events == len(events) == 5002
    assert json.loads(_lines_of(path)[1])["data"]["text"] == "grüß dich\n"


def test_a_recording_can_be_gone_on_with(tmp_path: Path) -> None:
    """Appending adds a second source behind the first; replacing is the default."""
    path = tmp_path / "run.jsonl"
    for append in (False, True, True):
        with Tap("app", sinks=(Recorder(path, append=append),)):
            pass
    sources = [decode_line(line).source for line in _lines_of(path)]
    assert len(sources) == 6
    assert len(set(sources)) == 3
    with Tap("app", sinks=(Recorder(path),)):
        pass
    assert len(_lines_of(path)) == 2


def test_a_recording_that_cannot_be_opened_says_so_in_one_line(tmp_path: Path) -> None:
    """Before the program starts, where the user can still choose another path."""
    with pytest.raises(JsonlFileError, match="No such file or directory"):
        Recorder(tmp_path / "missing" / "run.jsonl")


def test_a_full_disk_ends_the_recording_and_not_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the limit the recorder leaves with whole lines in its file; publishers and other sinks go on."""
    path, kept = tmp_path / "run.jsonl", Kept()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # Python ignores SIGXFSZ: write gives EFBIG
    try:
        with Tap("app", sinks=(Recorder(path), kept)) as tap:
            for number in range(500):
                tap.system("MARK", {"number": number})
                if number % 10 == 0:
                    tap.drain()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_framed(kept.events)
    assert "File too large" in kept.one("error").payload()["error_message"]
    events = [decode_line(line) for line in _lines_of(path)]
    assert 0 < len(events) < 500
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert "Recorder stopped" in capsys.readouterr().err


_CHILD = """
import asyncio, sys
from backend.tap import Recorder, Tap
async def main():
    async with Tap("app", sinks=(Recorder(sys.argv[1]),)) as tap:
        number = 0
        while True:
            for _ in range(50):
                tap.system("MARK", {"number": number})
                number += 1
            tap.drain()
            print(number, flush=True)
            await asyncio.sleep(0)
asyncio.run(main())
"""


def test_a_killed_program_leaves_all_that_was_drained(tmp_path: Path) -> None:
    """After `kill -9` the file holds every event of the drains before, as whole lines, gapless."""
    path = tmp_path / "run.jsonl"
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout as told:
        drained = [int(told.readline()) for _ in range(20)]
        child.kill()
        drained += [int(line) for line in told]
    assert child.wait() == -9
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop()
    events = [decode_line(line) for line in lines]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= drained[-1] + 1
    assert torn == b"" or len(events) > drained[-1]


_MODULES = """
import sys, msgspec  # which takes typing_extensions where it is there
before = set(sys.modules)
import backend.{module}
names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(" ".join(sorted(names - set(sys.stdlib_module_names))))
"""


@pytest.mark.parametrize("module", ["tap", "events", "events.messages", "bus"])
def test_importing_the_tap_loads_msgspec_and_nothing_else(module: str) -> None:
    """A program that adds the tap gets no websockets, numpy, pydantic, loguru, textual or rich with it."""
    code = _MODULES.format(module=module)
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(printed.split()) == {"backend"}

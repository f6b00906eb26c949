"""`doubletalk record`, as a process of its own against a live feed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from backend.tap import Tap
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub

COMMAND = (
    "import sys; from debugger.cli import run; import typer; from debugger.cli.record import record; "
    "sys.exit(run(lambda: typer.run(record)))"
)


@contextlib.asynccontextmanager
async def flowing(hub: Hub) -> AsyncIterator[Tap]:
    """A tapped program that emits as long as the block runs, some 4,000 events a second."""
    async with Tap("app", sinks=(hub,)) as tap:

        async def emit() -> None:
            number = 0
            while True:
                for _ in range(20):
                    number += 1
                    tap.emit(
                        "message_published", "overseer", "TEXT_CHUNK", {"n": number, "text": "wörds \n" * 9}
                    )
                await asyncio.sleep(0.005)

        emitting = asyncio.get_running_loop().create_task(emit(), context=Context())
        try:
            yield tap
        finally:
            emitting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await emitting


async def start(*arguments: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        COMMAND,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, bytes, str]:
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out, err.decode()


async def run(*arguments: str | Path) -> tuple[int | None, bytes, str]:
    return await ended(await start(*arguments))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - another process's file has no event
            await asyncio.sleep(0.01)


def lines_of(path: Path) -> list[bytes]:
    """The lines of a recording whose writer was killed: all but a torn last line or block."""
    content = path.read_bytes()
    if path.suffix in {".gz", ".zst"}:
        text = b""
        while content:
            block: Any = (
                zlib.decompressobj(wbits=31)
                if path.suffix == ".gz"
                else zstandard.ZstdDecompressor().decompressobj()
            )
            text += block.decompress(content)
            content = block.unused_data if block.eof else b""
        content = text
    return content.split(b"\n")[:-1]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def seqs(events: list[dict[str, Any]], source: str) -> list[int]:
    return [event["seq"] for event in events if event["source"] == source]


async def test_a_recorder_killed_at_any_moment_leaves_a_file_that_loads(tmp_path: Path) -> None:
    """Killed -9 twenty times while events flow: each line whole, each file gapless from its first event."""
    chance = random.Random(7)
    hub = Hub()
    async with FeedServer(hub) as server, flowing(hub) as tap:
        source = tap.source

        async def one(number: int) -> Path:
            path = tmp_path / f"{number}{('.jsonl', '.jsonl', '.jsonl.gz', '.jsonl.zst')[number % 4]}"
            process = await start(server.url, "-o", path)
            try:
                await until(lambda: path.exists() and path.stat().st_size > 0)
                await asyncio.sleep(chance.random() * 0.2)  # any moment will do
            finally:
                process.kill()
            await ended(process)
            return path

        paths = [
            path
            for start in range(0, 20, 5)
            for path in await asyncio.gather(*map(one, range(start, start + 5)))
        ]
    assert len(paths) == 20
    lengths = []
    for path in paths:
        events = [msgspec.json.decode(line) for line in lines_of(path)]
        assert events[0]["message_type"] == "RECORDING_STARTED"
        assert events[0]["component"] == "recorder"
        recorded = seqs(events, source)
        assert recorded == list(range(1, len(recorded) + 1))
        lengths.append(len(recorded))
    assert sorted(lengths)[10] > 20


async def test_a_recording_is_the_feed_byte_for_byte_in_a_frame_of_its_own(tmp_path: Path) -> None:
    """First and last line are the recorder's; between them stand exactly the lines of the tap."""
    path = tmp_path / "a.jsonl"
    kept: list[bytes] = []

    class Keep:
        def write(self, batch: Any) -> None:
            kept.extend(batch.lines)

        def close(self) -> None:
            return

    hub = Hub(topology=lambda: {"components": ["overseer"]})
    async with FeedServer(hub) as server:
        async with flowing(hub) as tap:
            tap.add_sink(Keep())
            process = await start(server.url, "-o", path, "--once")
            await until(lambda: path.exists() and path.stat().st_size > 10_000)
        code, _, err = await ended(process)  # the tap ended, and the server closes
    assert code == 0
    lines = path.read_bytes().split(b"\n")
    assert lines[-1] == b""
    first, last = msgspec.json.decode(lines[0]), msgspec.json.decode(lines[-2])
    assert (first["message_type"], first["data"]["topology"]) == (
        "RECORDING_STARTED",
        {"components": ["overseer"]},
    )
    assert first["data"]["from_seq"] == 1
    assert (last["message_type"], last["data"]["count"], last["seq"]) == ("RECORDING_ENDED", 2, 2)
    assert last["data"]["events"] == len(lines) - 3
    assert last["source"] == first["source"]
    recorded = lines[1:-2]
    assert recorded[-len(kept) :] == kept
    assert f"recorded {len(recorded)} events" in err


async def test_it_ends_when_told_to(tmp_path: Path) -> None:
    """--events exactly, --seconds, Ctrl-C with 130 and a proper end; - is standard output."""
    hub = Hub()
    async with FeedServer(hub) as server, flowing(hub):
        path = tmp_path / "c.jsonl"
        interrupted = await start(server.url, "-o", path)
        (exact, timed) = await asyncio.gather(
            run(server.url, "-o", "-", "--events", "30"),
            run(server.url, "-o", tmp_path / "b.jsonl", "--seconds", "0.5"),
        )
        await until(lambda: path.exists() and path.stat().st_size > 0)
        interrupted.send_signal(signal.SIGINT)
        code, _, _ = await ended(interrupted)
    assert exact[0] == 0
    assert len(exact[1].splitlines()) == 32
    assert timed[0] == 0
    assert code == 130
    assert b"RECORDING_ENDED" in path.read_bytes().splitlines()[-1]


async def test_a_gap_stands_in_the_file(tmp_path: Path) -> None:
    """What the history no longer holds is a GAP event, counted and said."""
    hub = Hub(history_events=50)
    async with FeedServer(hub) as server, flowing(hub):
        await until(lambda: hub.stats().oldest_seq > 1)
        code, out, err = await run(server.url, "-o", "-", "--events", "20")
    assert code == 0
    events = [msgspec.json.decode(line) for line in out.splitlines()][1:-1]
    lost = {
        seq
        for event in events
        if event["message_type"] == "GAP"
        for seq in range(event["data"]["from_seq"], event["data"]["to_seq"] + 1)
    }
    seen = [event["seq"] for event in events if event["message_type"] != "GAP"]
    assert events[0]["message_type"] == "GAP"
    assert lost | set(seen) == set(range(1, seen[-1] + 1))
    assert not lost & set(seen)
    assert "lost" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "{dir}/there.jsonl"), "there.jsonl exists: use --append, --force or another name"),
        (("-o", "{dir}/none/x.jsonl"), "No such file or directory"),
        (("-o", "/dev/full", "--force"), "No space left on device"),
        (("-o", "{dir}/x.jsonl", "--force", "--append"), "exclude each other"),
        (("-o", "{dir}/x.jsonl", "--token-file", "{dir}/none"), "cannot read the token file"),
    ],
)
async def test_a_users_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """What, where and what to do; no traceback, and nothing left behind."""
    (tmp_path / "there.jsonl").write_text("precious\n")
    hub = Hub()
    async with FeedServer(hub) as server, flowing(hub):
        code, out, err = await run(server.url, *(part.format(dir=tmp_path) for part in arguments))
    assert code == 2
    assert out == b""
    assert told in err.splitlines()[-1]
    assert "Traceback" not in err
    assert names_in(tmp_path) == ["there.jsonl"]
    assert (tmp_path / "there.jsonl").read_text() == "precious\n"

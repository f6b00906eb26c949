"""`doubletalk bus`: what it says of a server, and of what cannot be used."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.mux import transport_of
from backend.mux.sink import BusSink
from backend.mux.streams import EVENTS
from tests.mux.conformance import taken
from tests.mux.streaming import batch
from tests.mux.valkey import Valkey
from tests.support.commands import Said, say

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[bytes]:
    """As a process: these write bytes."""
    command = [sys.executable, "-m", "debugger.cli", "bus", *words]
    return subprocess.run(command, env=os.environ, cwd=ROOT, capture_output=True, check=False)


def refused(said: Said, told: str) -> None:
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert said.err.count("\n") == 1


async def set_aside(url: str, payload: bytes, reason: str) -> None:
    bus = transport_of(url)
    await bus.publish(EVENTS, [payload])
    (entry,) = await taken(bus, EVENTS, 1)
    await bus.set_aside(EVENTS, "g", entry, reason)
    await bus.close()


def test_what_is_on_a_server_is_told_to_people_and_programs(url: str) -> None:
    """Streams, groups, producers; names that others gave cannot act on a terminal."""
    sink = BusSink(url, service="evil\x1b[31m", environment="test")
    sink.write(batch(1, 10))
    sink.close()
    asyncio.run(set_aside(url, b"\x1b]0;bad\x07", "why\x1b[2J not"))
    said = say("bus", "info", url)
    assert (said.code, said.err) == (0, "")
    assert "\x1b" not in said.out
    assert "evil" in said.out
    told = json.loads(say("bus", "info", url, "--json").out)
    assert (told["schema"], told["server"]) == ("doubletalk.bus.info/1", url)
    (events, *_) = told["streams"]
    assert (events["stream"], events["poisoned"]) == ("events/v1", 1)
    assert events["groups"][0] | {"lag": 0} == {"name": "g", "lag": 0, "pending": 0, "consumers": 1}
    assert [(one["environment"], one["entries"]) for one in told["producers"]] == [("test", 3)]


def test_what_was_set_aside_is_printed(url: str) -> None:
    """With its reason and all its bytes; nothing of it acts on a terminal."""
    asyncio.run(set_aside(url, b"\xff\x00\x1b[2J", "not\x1b[2J an event"))
    printed = run("poison", url)
    assert (printed.returncode, printed.stderr) == (0, b"")
    assert b"\x1b" not in printed.stdout
    one = json.loads(printed.stdout)
    assert base64.b64decode(one["payload"]) == b"\xff\x00\x1b[2J"
    assert one["reason"] == "not\x1b[2J an event"


def test_events_are_printed_as_they_were_published(url: str) -> None:
    """And what is no entry is named on stderr."""
    sink = BusSink(url)
    one = batch(1, 200)
    sink.write(one)
    sink.close()
    with_bad = transport_of(url)

    async def spoil() -> None:
        await with_bad.publish(EVENTS, [b"{torn"])
        await with_bad.close()

    asyncio.run(spoil())
    printed = run("read", url)
    assert printed.returncode == 0
    assert one.jsonl in printed.stdout
    assert b"is left out: no entry of ours" in printed.stderr


def test_who_follows_prints_what_comes_until_it_is_stopped(url: str) -> None:
    """Ctrl-C ends it, also while nothing comes."""
    command = [sys.executable, "-m", "debugger.cli", "bus", "read", url, "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as reading:
        assert reading.stdout is not None
        sink = BusSink(url)
        sink.write(batch(1, 3))
        lines = [reading.stdout.readline() for _ in range(4)]
        assert b"".join(lines[1:]) == batch(1, 3).jsonl
        reading.send_signal(signal.SIGINT)
        assert reading.wait(30) == 130
        sink.close()


@pytest.mark.parametrize("words", [("info",), ("read",), ("poison",), ("gateway",)])
def test_urls_that_name_no_server_are_refused(words: tuple[str, ...]) -> None:
    """By each of them, in one line."""
    refused(say("bus", *words, "carrier-pigeon://loft"), "no stream server that is known here")


def test_a_server_that_is_not_there_is_told() -> None:
    """By those that look once; the others wait for it."""
    with Valkey() as server:
        url = server.url
    refused(say("bus", "info", url), f"cannot reach {url}: nothing listens there")


def test_a_store_that_cannot_be_is_refused(url: str, tmp_path: Path) -> None:
    """A file of that name, and a way of writing that there is not."""
    (tmp_path / "file").write_text("here")
    refused(say("bus", "store", url, str(tmp_path / "file")), "file")
    refused(say("bus", "store", url, str(tmp_path / "s"), "--fsync", "often"), "batch, second, never")


def test_a_gateway_for_others_needs_a_token(url: str) -> None:
    """Any address but loopback: as with every feed."""
    refused(say("bus", "gateway", url, "--host", "0.0.0.0", "--port", "0"), "token")  # noqa: S104 - refused

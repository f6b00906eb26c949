"""Streams in memory, and which transport a URL names."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.mux import MuxRefusedError, Transport, transport_of
from backend.mux.transports import is_bus_url, shown
from tests.mux.conformance import LIMITS, Conformance, payloads, texts

_names = itertools.count(1)
ROOT = Path(__file__).parents[2]


class TestMemory(Conformance):
    @pytest.fixture
    async def bus(self) -> AsyncIterator[Transport]:
        bus = transport_of(f"memory://test{next(_names)}", LIMITS)
        await bus.connect()
        yield bus
        await bus.close()


async def test_one_name_is_one_place_for_the_whole_process() -> None:
    """Publisher and reader each make their own transport."""
    name = f"memory://shared{next(_names)}"
    await transport_of(name).publish("s/v1", payloads(1))
    assert texts(await transport_of(name).tail("s/v1", "", 10, 1.0)) == payloads(1)
    assert await transport_of(name + "other").tail("s/v1", "", 10, 0) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("amqp://host", "no stream server that is known here"),
        ("redis//host", "not a URL"),
        ("", "not a URL"),
        ("redis://host:port", "not the URL of a stream server"),
        ("memory://x?maxlen=1", "no options"),
    ],
)
def test_a_url_that_names_no_server_is_refused_in_one_line(url: str, said: str) -> None:
    """What, where, and what to write."""
    with pytest.raises(MuxRefusedError, match=said) as told:
        transport_of(url)
    assert "\n" not in str(told.value)


def test_a_url_is_shown_without_its_password() -> None:
    """Nor with its options, which may hold one too."""
    assert shown("redis://ann:s3cret@db:6380/2?password=s3cret") == "redis://db:6380/2"
    assert shown("redis://[::1]:6380") == "redis://[::1]:6380"
    assert [is_bus_url(text) for text in ("redis://a", "ws://a", "file.jsonl")] == [True, False, False]


def test_client_libraries_are_loaded_when_their_url_is_used() -> None:
    """A tapped program, a debugger at a feed and a check have none of them, nor does a wrong URL load one."""
    code = """
import sys
import backend.mux.sink, backend.mux.gateway, debugger.sources.helped_feed, debugger.cli.record
from backend.mux import MuxError, transport_of
transport_of("memory://here")
try:
    transport_of("amqp://there")
except MuxError:
    pass
print(sorted({"redis", "nats", "aiokafka", "textual", "fastapi"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_a_client_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.delitem(sys.modules, "backend.mux.redis_streams", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MuxRefusedError, match=r"redis://h needs redis: pip install 'doubletalk\[mux\]'"):
        transport_of("redis://h")

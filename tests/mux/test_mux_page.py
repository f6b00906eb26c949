"""What docs/mux.md shows is what happens: its program, its commands, what they print."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.mux import transport_of
from backend.mux.envelope import SCHEMA, opened
from backend.mux.protocol import MuxRefusedError
from backend.mux.streams import ALL, EVENTS, GROUPS, LIMITS, stream_of
from backend.mux.transports import transport_of as made
from tests.mux.conformance import tailed
from tests.mux.streaming import until
from tests.mux.valkey import Valkey
from tests.support.commands import say

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mux.md").read_text("utf-8")
SERVER = "redis://127.0.0.1:6379"


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def shown(command: str) -> list[str]:
    """What the page says that a command prints, without what differs from run to run."""
    found = re.search(re.escape(f"$ {command}\n") + r"(.*?)(?=\n\$|\n```)", PAGE, re.DOTALL)
    assert found is not None, f"the page does not have: {command}"
    return timeless(found[1])


def timeless(text: str) -> list[str]:
    text = re.sub(r"\b(alice|bob|bus)-[0-9a-f]{8}\b", r"\1", text)
    text = re.sub(r"(?m)^(alice|bob) .*staging.*$", r"\1 … staging …", text)
    text = re.sub(r"(?m)^(events/v1 +)\d+", r"\1…", text)
    return [re.sub(r"  +", "  ", line).rstrip() for line in text.strip().splitlines()]


def test_the_walk_of_the_page(valkey: Valkey, tmp_path: Path) -> None:
    """Two of its programs; who reads the stream, stores it and asks the store finds what it says."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "greeter.py").write_text(program.replace(SERVER, valkey.url))
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    greeters = [
        subprocess.Popen([sys.executable, "greeter.py", name], cwd=tmp_path, env=env)
        for name in ("alice", "bob")
    ]
    assert [one.wait(60) for one in greeters] == [0, 0]
    info = say("bus", "info", valkey.url)
    told = timeless(info.out)
    assert sorted(told) == sorted(shown(f"doubletalk bus info {SERVER}"))
    record = say("record", valkey.url, "-o", str(tmp_path / "three.jsonl"), "--events", "1008")
    assert record.err.splitlines()[-1].startswith("recorded 1008 events")
    assert "show the same 1,008 events" in PAGE
    words = [sys.executable, "-m", "debugger.cli", "bus", "store", valkey.url, str(tmp_path / "there")]
    storing = subprocess.Popen(words, stderr=subprocess.PIPE, env=env)
    until(lambda: asyncio.run(stored(valkey.url)))
    storing.terminate()
    assert b"1,008 events stored" in storing.communicate(timeout=30)[1]
    (query,) = re.findall(r'\$ doubletalk query there "(.*?)"', PAGE)
    answer = say("query", str(tmp_path / "there"), query)
    assert timeless(answer.out) == shown(f'doubletalk query there "{query}"')
    words = [
        sys.executable,
        "-m",
        "debugger.cli",
        "bus",
        "read",
        valkey.url,
        "graph_stream/v1",
        "--group",
        "graph",
    ]
    nodes = subprocess.run(words, env=env, check=True, capture_output=True).stdout
    assert nodes.count(b"NODE_ADD") == 10
    assert "graph (0 behind, 0 pending, 1 consumers)" in say("bus", "info", valkey.url).out


async def stored(url: str) -> bool:
    bus = transport_of(url)
    try:
        return [(one.lag, one.pending) for one in (await bus.info(EVENTS)).groups] == [(0, 0)]
    finally:
        await bus.close()


async def test_the_entry_on_the_page_is_one(valkey: Valkey) -> None:
    """Its first line has the fields that it says; lines of events alone are taken."""
    (entry,) = re.findall(r"```json\n(.*?)\n", PAGE)
    about = opened(entry.encode()).about
    assert about is not None
    assert (about.service, about.environment, SCHEMA in entry) == ("bob", "staging", True)
    bus = transport_of(valkey.url)
    with valkey.client() as other:
        other.xadd("plain/v1", {"e": '{"timestamp":1,"event_type":"system","component":"c"}'})
    (plain,) = await tailed(bus, "plain/v1", 1)
    assert len(opened(plain.payload).lines) == 1
    await bus.close()


def test_the_table_of_streams_is_that_of_the_program() -> None:
    """Names, kinds, bounds, groups."""
    rows = re.findall(r"\| `(\w+/v1)` \| (.*?) \| ([\d,]+) \| `(\w+)` \|", PAGE)
    assert [row[0] for row in rows] == list(ALL)
    for name, kinds, entries, group in rows:
        assert (LIMITS[name].entries, GROUPS[name]) == (int(entries.replace(",", "")), group)
        for kind in re.findall(r"`([A-Z]+)_…`", kinds):
            assert stream_of(b'{"message_type":"%b_X"}' % kind.encode()) == name


def test_every_option_and_url_on_the_page_exists() -> None:
    """Of the commands that it names."""
    for words in re.findall(r"doubletalk (bus \w+|record|attach|query) ", PAGE):
        assert say(*words.split(), "--help").code == 0
    known = say("serve", "--help").out + "".join(
        say("bus", one, "--help").out for one in ("read", "store", "gateway")
    )
    for option in set(re.findall(r"`[^`]*?(--(?:bus|bus-keep|environment|group|follow|port))\b", PAGE)):
        assert option in known
    for url in re.findall(r"^\| `(\w+://)", PAGE, re.MULTILINE):
        with pytest.raises(MuxRefusedError, match=r"no host|options"):
            made(url if "memory" not in url else url + "x?y=1")


async def test_a_user_of_the_server_needs_the_commands_on_the_page_and_no_others(valkey: Valkey) -> None:
    """All that a transport does, as somebody who may do nothing else."""
    (sentence,) = re.findall(r"needs (`XADD`.*?)\. Streams", PAGE)
    with valkey.client() as admin:
        allowed = [f"+{name.lower()}" for name in re.findall("`([A-Z]+)`", sentence)]
        admin.execute_command("ACL", "SETUSER", "tap", "on", ">of-this-test", "~*", *allowed)
    bus = transport_of(valkey.url.replace("//", "//tap:of-this-test@"))
    await bus.connect()
    await bus.publish("acl/v1", [b"one", b"two", b"three"])
    assert len(await tailed(bus, "acl/v1", 2, after=await bus.newest("acl/v1", back=2))) == 2
    first, second, _ = await bus.take("acl/v1", "g", "a", 3, 1.0)
    await bus.ack("acl/v1", "g", [first])
    await bus.set_aside("acl/v1", "g", second, "poisoned")
    assert len(await bus.recover("acl/v1", "g", "b", 10, 0)) == 1
    assert (await bus.info("acl/v1")).poisoned == 1
    with valkey.client() as admin:
        admin.execute_command("ACL", "SETUSER", "tap", "-xreadgroup")
    with pytest.raises(
        MuxRefusedError, match=r"'xreadgroup' command; docs/mux\.md names what that user needs"
    ):
        await bus.take("acl/v1", "g", "a", 3, 0)
    await bus.close()

"""Clients that know nothing of this project read the feed, from either server, and none does without right.

They are those of docs/clients, in processes of their own in which nothing of ours can be imported.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from tests.cli.command import ROOT
from tests.faults.viewing import until
from tests.gateway.feeds import TOKEN, Server, batch, feed_url

CLIENTS: Final = ROOT / "docs" / "clients"
_ALONE: Final = """
import runpy, sys
sys.modules |= {"backend": None, "debugger": None}  # whoever imports them fails
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WRONG: Final = "wrong-horse-battery"


async def begun(script: str, *words: str, token: str | None = None) -> asyncio.subprocess.Process:
    """A client in a process of its own."""
    known = {name: value for name, value in os.environ.items() if name != "DOUBLETALK_TOKEN"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", _ALONE, str(CLIENTS / script), *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=known | ({"DOUBLETALK_TOKEN": token} if token else {}),
    )


def place(server: Server) -> tuple[str, str]:
    """Host and port."""
    parts = urlsplit(feed_url(server))
    return str(parts.hostname), str(parts.port)


async def read(client: asyncio.subprocess.Process, count: int) -> list[int]:
    """The seqs of its next lines, each of which is an event."""
    assert client.stdout is not None
    async with asyncio.timeout(30):
        return [json.loads(await client.stdout.readline())["seq"] for _ in range(count)]


async def test_a_plain_client_that_says_nothing_gets_an_event_a_frame(make: Callable[..., Server]) -> None:
    """From when it came on, with a socket and nothing else; it ends by itself when it has enough."""
    hub = Hub()
    async with make(hub, policy=TokenPolicy(TOKEN, required=True)) as server:
        hub.write(batch(1, 3))
        client = await begun("plain.py", *place(server), "5", token=TOKEN)
        await until(lambda: hub.stats().active_subscribers == 1)
        hub.write(batch(4, 5))
        assert await read(client, 5) == [4, 5, 6, 7, 8]
        assert await client.wait() == 0


async def test_a_reader_with_websockets_alone_loses_nothing_when_the_server_goes(
    make: Callable[..., Server],
) -> None:
    """All of the history, then what comes; from the next server what it had not, and the gap in a line."""
    hub = Hub()
    hub.write(batch(1, 3))
    policy = TokenPolicy(TOKEN, required=True)
    async with make(hub, policy=policy) as server:
        port = int(place(server)[1])
        client = await begun("resume.py", feed_url(server), token=TOKEN)
        assert await read(client, 3) == [1, 2, 3]
        hub.write(batch(4, 2))
        assert await read(client, 2) == [4, 5]
    keeps_little = Hub(history_events=2)
    keeps_little.write(batch(1, 8))
    keeps_little.write(batch(9, 2))
    async with make(keeps_little, policy=policy, port=port):
        assert await read(client, 2) == [9, 10]
        assert client.stderr is not None
        assert await client.stderr.readline() == b"lost: s 6 to 8\n"
        client.kill()
        await client.wait()


async def test_a_browser_reads_with_its_token_as_a_subprotocol(make: Callable[..., Server]) -> None:
    """It sends an Origin, and no headers; the token is not echoed. The page of docs offers the same."""
    page = (CLIENTS / "watch.html").read_text(encoding="utf-8")
    assert re.findall(r'"(doubletalk\.[a-z.0-9]+)"', page) == ["doubletalk.feed.1", "doubletalk.token."]
    hub = Hub()
    async with make(hub, policy=TokenPolicy(TOKEN, required=True)) as server:
        host, port = place(server)
        async with connect(
            feed_url(server),
            origin=f"http://{host}:{port}",  # type: ignore[arg-type] # a NewType of str
            subprotocols=["doubletalk.feed.1", f"doubletalk.token.{TOKEN}"],  # type: ignore[list-item]
            user_agent_header="Mozilla/5.0",
            proxy=None,
        ) as socket:
            assert socket.subprotocol == "doubletalk.feed.1"
            await until(lambda: hub.stats().active_subscribers == 1)
            hub.write(batch(1, 2))
            async with asyncio.timeout(10):
                assert [json.loads(await socket.recv())["seq"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("token", [None, WRONG], ids=["no token", "wrong token"])
async def test_without_right_none_reads(make: Callable[..., Server], token: str | None) -> None:
    """Each of the three is turned away before the handshake, with the status that says why."""
    hub = Hub()
    hub.write(batch(1, 3))
    async with make(hub, policy=TokenPolicy(TOKEN, required=True)) as server:
        plain = await begun("plain.py", *place(server), token=token)
        own = await begun("resume.py", feed_url(server), token=token)
        for client in (plain, own):
            out, err = await client.communicate()
            assert (client.returncode, out) == (1, b"")
            assert b"401" in err
        offered = ["doubletalk.feed.1", *([f"doubletalk.token.{token}"] if token else [])]
        assert await refused(feed_url(server), subprotocols=offered) == 401
        evil = ["doubletalk.feed.1", f"doubletalk.token.{TOKEN}"]
        assert await refused(feed_url(server), subprotocols=evil, origin="http://evil.example") == 403
        assert await refused(feed_url(server), subprotocols=evil, origin="null") == 403
        assert hub.stats().delivered == 0


async def refused(url: str, subprotocols: Sequence[str], **more: Any) -> int:
    """The status of a refusal."""
    with pytest.raises(InvalidStatus) as refusal:
        await connect(url, subprotocols=subprotocols, proxy=None, **more)  # type: ignore[arg-type]
    return refusal.value.response.status_code

"""Host, Origin and token, at both servers, over sockets, in every form that browsers and attackers have."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import httpx
import pytest

from backend.gateway import Gateway
from backend.tap.hub import Hub
from backend.wire.guard import Guard, TokenPolicy, guard_for, host_name
from tests.gateway.feeds import TOKEN, Server
from tests.security.raw import opening, raw, status_of

BEARER = ("Authorization", f"Bearer {TOKEN}")
CONTROL = "this-one-lets-control"


async def test_each_header_in_each_form(make: Callable[..., Server]) -> None:
    """101 for whom it is meant; 401 and 403 for all else, counted by the reason."""
    hub = Hub()
    async with make(hub, policy=TokenPolicy(TOKEN, required=True)) as server:
        for status, headers in (
            (101, [BEARER]),
            (101, [("authorization", f"bearer   {TOKEN}")]),
            (101, [("Sec-WebSocket-Protocol", f"doubletalk.feed.1, doubletalk.token.{TOKEN}")]),
            (101, [("Sec-WebSocket-Protocol", "doubletalk.feed.1"),
                   ("Sec-WebSocket-Protocol", f"doubletalk.token.{TOKEN}")]),
            (101, [BEARER, ("Origin", "http://localhost:3000")]),
            (101, [BEARER, ("Origin", "https://[::1]:3000")]),
            (401, []),
            (401, [BEARER, BEARER]),  # which of the two is meant?
            (401, [("Authorization", f"Bearer {TOKEN}x")]),
            (401, [("Authorization", f"Bearer {TOKEN[:-1]}")]),
            (401, [("Authorization", f"Bearer {TOKEN.upper()}")]),
            (401, [("Authorization", TOKEN)]),
            (401, [("Authorization", f"Basic {TOKEN}")]),
            (401, [("Authorization", "")]),
            (401, [("Authorization", "Bearer wrong-horse-battery"),
                   ("Sec-WebSocket-Protocol", f"doubletalk.token.{TOKEN}")]),
            (401, [("Sec-WebSocket-Protocol", "doubletalk.token.")]),
            (401, [("Cookie", f"token={TOKEN}")]),
            (403, [BEARER, ("Origin", "https://evil.example")]),
            (403, [BEARER, ("Origin", "null")]),
            (403, [BEARER, ("Origin", "")]),
            (403, [BEARER, ("Origin", "http://localhost.evil.example")]),
            (403, [BEARER, ("Origin", "file://localhost")]),
            (403, [BEARER, ("Origin", "http://localhost:99999")]),
        ):  # fmt: skip
            assert await status_of(server, headers) == status, headers
        assert hub.stats().turned_away == {"token": 11, "origin": 6}
        twice = [BEARER, ("Origin", "http://localhost"), ("Origin", "http://localhost")]
        assert await status_of(server, twice) in {400, 403}


async def test_a_rebound_name_reaches_nothing(make: Callable[..., Server]) -> None:
    """Whatever the name is that a page's own DNS gives this machine; and no name is no right name."""
    async with make(Hub()) as server:
        for status, host in (
            (101, "localhost"),
            (101, "LOCALHOST:1"),
            (101, "localhost.:8765"),
            (101, "app.localhost"),
            (101, "127.0.0.1"),
            (101, "127.9.9.9:80"),
            (101, "[::1]:8765"),
            (403, "evil.example"),
            (403, "localhost.evil.example"),
            (403, "127.0.0.1.evil.example"),
            (403, "0.0.0.0"),  # noqa: S104 - what some systems take for this machine
            (403, "[::]"),
            (403, "2130706433"),
            (403, "127.1"),
            (403, "0x7f.0.0.1"),
            (403, "192.168.0.1"),
            (403, "[::ffff:10.0.0.1]"),
            (403, "evil.example#localhost"),
            (403, "evil@localhost"),
            (403, "localhost:port"),
        ):  # fmt: skip
            assert await status_of(server, host=host) == status, host
        assert await status_of(server, host=None) in {400, 403}
        assert await status_of(server, [("Host", "localhost")]) in {400, 403}  # a second one


async def test_a_token_in_a_url_opens_nothing_and_is_repeated_nowhere(make: Callable[..., Server]) -> None:
    """URLs are written to logs and sent on as referrers."""
    async with make(Hub(), policy=TokenPolicy(TOKEN, required=True)) as server:
        for path in (f"/ws/events?token={TOKEN}", f"/ws/events?access_token={TOKEN}", f"/ws/events/{TOKEN}"):
            async with raw(server) as client:
                client.say(
                    f"GET {path} HTTP/1.1\r\nHost: {client.place}\r\nConnection: close\r\n\r\n".encode()
                )
                told = await client.ended()
            assert told.split(b" ", 2)[1] in {b"401", b"404", b"426"}
            assert TOKEN.encode() not in told
            assert await status_of(server, path=path) in {401, 404}


async def test_the_token_that_was_given_is_not_echoed(make: Callable[..., Server]) -> None:
    """Neither a right one nor a wrong one, as a subprotocol that is taken or in a refusal."""
    async with make(Hub(), policy=TokenPolicy(TOKEN)) as server:
        for token in (TOKEN, "wrong-horse-battery"):
            async with raw(server) as client:
                offered = ("Sec-WebSocket-Protocol", f"doubletalk.token.{token}, doubletalk.feed.1")
                client.say(opening(client.place, [offered]))
                _, told = await client.head()
            assert token.encode() not in told


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both, whatever the first comparison says."""
    asked: list[tuple[bytes, bytes]] = []
    same = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        asked.append((one, other))
        return same(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    guard = Guard(TokenPolicy(TOKEN, control=CONTROL))
    assert guard.check(host="localhost", authorization=f"Bearer {TOKEN}") is None
    assert [other for _, other in asked] == [TOKEN.encode(), CONTROL.encode()]
    refusal = guard.check(host="localhost", authorization="Bearer \udcff\u00e9")
    assert refusal is not None
    assert refusal.status == 401


def test_names_beyond_loopback_are_known_in_any_case_and_addresses_by_themselves() -> None:
    """A server on all addresses: its names and its addresses, and no name that somebody else gave it."""
    guard = guard_for("::", TokenPolicy(TOKEN), hosts=["Debug.Example"])
    for host, known in (
        ("DEBUG.example:8765", True),
        ("[2001:db8::1]:8765", True),
        ("192.0.2.7", True),
        ("debug.example.", False),
        ("2001:db8::1", False),  # an address without brackets has no end
        ("rebound.example", False),
    ):
        refusal = guard.check(host=host, authorization=f"Bearer {TOKEN}")
        assert (refusal is None) is known, host


@pytest.mark.parametrize(
    "header", ["", " ", "a b", "a\tb", "[::1", "::1]", "[1.2.3.4", "a:b", "a/b", "a\x00", "ä\n"]
)
def test_what_is_no_host_is_no_host(header: str) -> None:
    """And raises nothing."""
    name = host_name(header)
    assert name is None or Guard().check(host=header) is not None


async def test_a_page_that_takes_an_answer_for_a_picture_gets_none() -> None:
    """Browsers name no Origin then; they say that it is another site's. Opening a link is no such thing."""
    hub = Hub()
    async with (
        Gateway(hub, port=0) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http,
    ):
        there = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert (await http.get("/api/events/stats", headers=there)).status_code == 403
        assert (
            await http.get("/api/events/stats", headers={**there, "Sec-Fetch-Mode": "navigate"})
        ).is_success
        assert (await http.get("/api/events/stats", headers={"Sec-Fetch-Site": "same-origin"})).is_success
        told = (await http.get("/api/events/stats")).headers
        assert told["x-content-type-options"] == "nosniff"
        assert told["cache-control"] == "no-store"
        assert "server" not in told
        assert "access-control-allow-origin" not in told

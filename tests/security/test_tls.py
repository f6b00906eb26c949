"""TLS at both servers, and a debugger that knows whom it trusts. certs/make.sh has made the certificates."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage

from backend.cli.hosting import hosted
from backend.errors import UserError
from backend.gateway import Gateway
from backend.settings import load_settings
from backend.tap.hub import Hub
from backend.tap.listen import Tls
from backend.wire.client import EventsReceived
from backend.wire.limits import Limits
from debugger.sources.feed import Connected, Disconnected, FeedSource
from tests.gateway.feeds import Server, batch
from tests.operations.backends import backend_of
from tests.support.commands import say

CERTS = Path(__file__).parent / "certs"
ROOT = str(CERTS / "root.pem")
TLS = Tls(CERTS / "server.pem", CERTS / "server.key")


def wss(server: Server) -> str:
    return server.url.replace("https://", "wss://").removesuffix("/ws/events") + "/ws/events"


async def test_a_debugger_that_trusts_the_root_reads_the_feed(make: Callable[..., Server]) -> None:
    """By https:// or wss://, by name or address; through TLS frames are what they are without."""
    hub = Hub()
    hub.write(batch(1, 300, text="x" * 2000))
    async with make(hub, tls=TLS) as server:
        assert server.url.startswith(("https://127.0.0.1:", "wss://127.0.0.1:"))
        for url in (wss(server), wss(server).replace("wss", "https").replace("127.0.0.1", "localhost")):
            source = FeedSource(url, ca=ROOT)
            assert FeedSource.of(source.asked).asked == source.asked
            seqs: list[int | None] = []
            async with asyncio.timeout(10):
                async for update in source:
                    assert isinstance(update, Connected | EventsReceived), update
                    if isinstance(update, EventsReceived):
                        seqs += [event.seq for event in update.events]
                    if len(seqs) == 300:
                        break
            assert seqs == list(range(1, 301))


async def test_a_server_that_is_not_trusted_is_not_told_the_token(make: Callable[..., Server]) -> None:
    """One line with what to do, and no second try: it would end in the same way."""
    hub = Hub()
    async with make(hub, tls=TLS) as server:
        for url, ca, told in (
            (wss(server), None, "is not trusted (unable to get local issuer certificate): if that is its"),
            (wss(server), str(CERTS / "server.pem"), "is not trusted"),
        ):
            [update] = [update async for update in FeedSource(url, "correct-horse-battery", ca=ca)]
            assert isinstance(update, Disconnected)
            assert update.retry_in is None
            assert told in update.reason
        assert hub.stats().turned_away == {}


async def test_a_client_without_tls_is_no_client(make: Callable[..., Server]) -> None:
    """Nor is one with a TLS of long ago."""
    async with make(Hub(), tls=TLS) as server:
        with pytest.raises((InvalidMessage, EOFError, ConnectionError)):
            await connect(wss(server).replace("wss", "ws"), proxy=None)
        old = ssl.create_default_context(cafile=ROOT)
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError, EOFError)):
            await connect(wss(server), ssl=old, proxy=None)


async def test_a_tls_handshake_has_to_end(make: Callable[..., Server]) -> None:
    """Who connects and says nothing is let go."""
    hub = Hub(limits=Limits(handshake_seconds=0.3))
    async with make(hub, tls=TLS) as server:
        plain = server.url.replace("https", "http").replace("wss", "ws")
        place = plain.partition("://")[2].partition("/")[0]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(place.rpartition(":")[2]))
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                while await reader.read(100):
                    pass
        writer.close()


async def test_the_gateway_answers_over_https() -> None:
    """And tells its own URL."""
    trust = ssl.create_default_context(cafile=ROOT)
    async with (
        Gateway(Hub(), port=0, tls=TLS) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False, verify=trust) as http,
    ):
        assert (await http.get("/api/events/stats")).json()["running"] is True


@pytest.mark.parametrize(
    ("cert", "key", "message"),
    [
        ("none.pem", "server.key", "cannot read the TLS file .*none.pem"),
        ("server.pem", "none.key", "cannot read the TLS file .*none.key"),
        ("server.key", "server.key", "no certificate and its key in PEM"),
        ("server.pem", None, "give the key with --tls-key"),
        ("root.pem", "server.key", "is not that of the certificate"),
        ("server.pem", "locked.key", "without a password"),
        ("make.sh", "make.sh", "no certificate and its key in PEM"),
    ],
)
async def test_what_is_no_certificate_is_told_before_anything_listens(
    make: Callable[..., Server], cert: str, key: str | None, message: str
) -> None:
    """In one line; a key with a password asks nobody for it."""
    server = make(Hub(), tls=Tls(CERTS / cert, None if key is None else CERTS / key))
    with pytest.raises(UserError, match=message) as caught:
        await server.start()
    assert "\n" not in str(caught.value)


def test_what_is_no_root_is_told() -> None:
    """When the debugger is started, not when it connects."""
    with pytest.raises(UserError, match="cannot read the certificates in"):
        FeedSource("wss://localhost:1", ca=str(CERTS / "none.pem"))
    with pytest.raises(UserError, match="has no certificate in PEM"):
        FeedSource("wss://localhost:1", ca=str(CERTS / "make.sh"))


async def test_what_serve_hosts_has_all_of_it(tmp_path: Path) -> None:
    """TLS, limits and redaction, of the settings that the options give."""
    file = tmp_path / "redact.toml"
    file.write_text("[redact]")
    given: dict[str, Any] = {
        "tls_cert": TLS.cert,
        "tls_key": TLS.key,
        "limits": ["connections=1"],
        "redact": file,
        "port": 0,
    }
    backend = backend_of(tmp_path, **given)
    async with hosted(backend) as url, backend:
        assert url.startswith("https://127.0.0.1:")
        async with asyncio.timeout(10):
            async for update in FeedSource(url, ca=ROOT):
                assert isinstance(update, Connected)
                assert backend.hub.limits == Limits(connections=1)
                break
    assert backend.tap.redactor is not None


def test_the_commands_tell_it_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, before anything is written or listened on."""
    output = str(tmp_path / "run.jsonl")
    for arguments, message in (
        (
            ("record", "wss://localhost:1", "-o", output, "--ca", "none.pem"),
            "cannot read the certificates in",
        ),
        (("serve", "--tls-key", str(TLS.key)), "--tls-key: a key without its certificate"),
        (("serve", "--limit", "clients=1"), "'clients' is no limit; there are connections"),
        (("bus", "gateway", "redis://localhost:1", "--limit", "messages"), "write NAME=NUMBER"),
        (("bus", "gateway", "redis://localhost:1", "--tls-key", "x"), "--tls-key: a key without"),
        (("serve", "--redact", str(CERTS / "make.sh")), "is no TOML"),
    ):
        said = say(*arguments)
        assert (said.code, said.out) == (2, ""), arguments
        assert message in said.err
        assert said.err.count("\n") == 1
    assert not Path(output).exists()


def test_settings_take_them_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As all options of `serve`."""
    monkeypatch.setenv("DOUBLETALK_TLS_CERT", str(TLS.cert))
    monkeypatch.setenv("DOUBLETALK_LIMITS", "connections=7, messages=2.5")
    settings = load_settings()
    assert settings.tls_cert == TLS.cert
    assert (settings.limits.connections, settings.limits.messages) == (7, 2.5)
    for wrong in ("connections", "clients=1", "connections=0", "messages=x"):
        with pytest.raises(UserError, match=r"the setting 'limits' is not possible: .*limit"):
            load_settings(limits=[wrong])

"""The transport of Valkey and Redis Streams, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.mux import MuxAwayError, MuxRefusedError, Transport, transport_of
from backend.mux.protocol import UNKNOWN
from tests.mux.conformance import LIMITS, NO_TIME, WAIT, Conformance, payloads, stream, tailed, taken, texts
from tests.mux.valkey import Valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
async def bus(valkey: Valkey) -> AsyncIterator[Transport]:
    bus = transport_of(valkey.url, LIMITS)
    await bus.connect()
    yield bus
    await bus.close()


class TestValkey(Conformance):
    """All laws."""


async def test_what_others_write_into_the_stream_is_handed_on(bus: Transport, valkey: Valkey) -> None:
    """With other fields than ours: whoever reads entries says that it is none."""
    name = stream()
    with valkey.client() as other:
        other.xadd(name, {"who": "else", "what": "this"})
    assert texts(await tailed(bus, name, 1)) == [b"who=else what=this"]


async def test_entries_that_were_trimmed_while_pending_are_named_without_content(
    bus: Transport, valkey: Valkey
) -> None:
    """A dead consumer had taken them; the stream has forgotten them since."""
    name = stream()
    await bus.publish(name, payloads(3))
    held = await taken(bus, name, 3, consumer="dead")
    with valkey.client() as other:
        other.xtrim(name, maxlen=1, approximate=False)
    again = await bus.recover(name, "g", "heir", 10, 0)
    assert [entry.id for entry in again] == [entry.id for entry in held]
    assert texts(again) == [b"", b"", *payloads(1, begin=3)]


async def test_a_server_that_is_begun_anew_is_read_from_its_start() -> None:
    """Empty, its clock behind: a position in the old one means nothing there. The loss is told."""
    with Valkey() as server:
        bus = transport_of(server.url)
        await bus.publish("s/v1", payloads(2))
        here = (await tailed(bus, "s/v1", 2))[-1].id
        server.kill()
        with pytest.raises(MuxAwayError, match="cannot reach redis://127"):
            await bus.tail("s/v1", here, 10, NO_TIME)
        server.start()
        with server.client() as other:
            other.xadd("s/v1", {"e": payloads(1, begin=3)[0]}, id="5-1")  # of 1970
        (new,) = await tailed(bus, "s/v1", 1, after=here)
        assert (new.payload, new.missed) == (payloads(1, begin=3)[0], UNKNOWN)
        with server.client() as other:
            other.delete("s/v1")
        await bus.publish("s/v1", payloads(1, begin=4))
        (new,) = await tailed(bus, "s/v1", 1, after=here)
        assert (new.payload, new.missed) == (payloads(1, begin=4)[0], UNKNOWN)
        assert texts(await bus.take("s/v1", "g", "a", 10, WAIT)) == payloads(1, begin=4)
        await bus.close()


async def test_a_server_that_wants_a_password_says_so() -> None:
    """Without it, and with a wrong one; with the right one all is well."""
    with Valkey("--requirepass", "s3cret-of-this-test") as server:
        bare, wrong, right = (
            server.url,
            server.url.replace("//", "//:guess@"),
            server.url.replace("//", "//:s3cret-of-this-test@"),
        )
        for url in (bare, wrong):
            bus = transport_of(url)
            with pytest.raises(MuxRefusedError, match="a user and password go into the URL") as told:
                await bus.connect()
            assert "guess" not in str(told.value)
            await bus.close()
        bus = transport_of(right)
        await bus.connect()
        assert bus.name == server.url
        await bus.close()


async def test_a_key_that_is_no_stream_is_refused(bus: Transport, valkey: Valkey) -> None:
    """Somebody else's data: never written over."""
    name = stream()
    with valkey.client() as other:
        other.set(name, "a string")
    with pytest.raises(MuxRefusedError, match="something else by the stream's name") as told:
        await bus.publish(name, payloads(1))
    assert "number" not in str(told.value)  # no word of what was to be published
    with pytest.raises(MuxRefusedError, match="something else by the stream's name"):
        await bus.take(name, "g", "a", 1, 0)
    with pytest.raises(MuxRefusedError, match="something else by the stream's name"):
        await bus.newest(name)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://", "no host"),
        ("redis://127.0.0.1:1?db=x", "redis://127.0.0.1:1: "),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, said: str) -> None:
    with pytest.raises(MuxRefusedError, match=said):
        transport_of(url)


async def test_nobody_there_is_away() -> None:
    """What, where."""
    with Valkey() as server:
        url = server.url
    bus = transport_of(url)
    with pytest.raises(MuxAwayError, match=f"cannot reach {url}"):
        await bus.connect()
    await bus.close()

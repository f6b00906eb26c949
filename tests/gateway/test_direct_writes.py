"""What comes is written to a client whose connection is free there and then; else its pump sends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tap.hub import AT_ONCE, Hub, HubClient
from backend.tap.hub_client import FEW_FRAMES
from backend.wire import Subscribe
from backend.wire.frames import Frame
from tests.faults.viewing import until
from tests.gateway.feeds import Server, batch, feed_url, subscribed

ROUNDS = 50  # of the loop: by then whoever is to send something has


def payloads(frames: bytes) -> Iterator[bytes]:
    """Of unmasked WebSocket frames (RFC 6455, 5.2), one after the other."""
    while frames:
        assert frames[0] == 0x81
        size, start = frames[1], 2
        if size == 126:
            size, start = int.from_bytes(frames[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(frames[2:10], "big"), 10
        yield frames[start : start + size]
        frames = frames[start + size :]


class Connection:
    """Takes all at once while it is free; what it is sent else is kept back until it is let through."""

    def __init__(self, hub: Hub, *, wanted: Subscribe | None = None) -> None:
        self.free = True
        self.seqs: list[int] = []
        self.written = self.sent = 0
        self.client: HubClient = hub.attach("peer", lambda: None)
        self.client.subscribe(wanted or Subscribe(batch=True))
        self._room = asyncio.Event()
        self.pumping = asyncio.create_task(self.client.pump(self._send, self))

    def write(self, frames: bytes) -> None:
        assert self.free
        self.written += 1
        for payload in payloads(frames):
            self._take(payload)

    async def _send(self, frame: Frame) -> None:
        self.sent += 1
        self._take(frame.data)
        while not self.free:
            self._room.clear()
            await self._room.wait()

    def _take(self, payload: bytes) -> None:
        told = msgspec.json.decode(payload)
        if told["type"] == "events":
            self.seqs += [event["seq"] for event in told["events"]]

    def let_through(self) -> None:
        self.free = True
        self._room.set()

    async def end(self) -> None:
        self.let_through()
        self.client.finish()
        await self.pumping


async def _rounds() -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


async def test_what_comes_is_with_a_free_client_before_the_batch_was_handed_on() -> None:
    """Not one turn of the loop later."""
    hub = Hub()
    connection = Connection(hub)
    await _rounds()
    for number in range(5):
        hub.write(batch(1 + 2 * number, 2))
        assert connection.seqs[-2:] == [1 + 2 * number, 2 + 2 * number]
    assert (connection.written, connection.sent) == (5, 1)  # the hello came by the pump
    await connection.end()
    assert connection.seqs == list(range(1, 11))


async def test_a_connection_that_is_not_free_is_left_to_its_pump() -> None:
    """Which then waits until it takes more; the publisher does not."""
    hub = Hub()
    connection = Connection(hub)
    await _rounds()
    connection.free = False
    hub.write(batch(1, 2))
    assert connection.seqs == []
    await _rounds()
    hub.write(batch(3, 2))
    await _rounds()
    assert connection.seqs == [1, 2]
    connection.let_through()
    await _rounds()
    assert connection.seqs == [1, 2, 3, 4]
    assert connection.written == 0
    hub.write(batch(5, 1))
    assert connection.written == 1
    await connection.end()


@given(
    st.lists(st.one_of(st.integers(1, 5), st.sampled_from(["full", "free", "rounds"])), max_size=40),
    st.sampled_from([Subscribe(batch=True), Subscribe(), Subscribe(batch=True, types=("CACHE",))]),
)
def test_each_event_comes_once_and_in_order_however_free_a_connection_is(
    steps: list[int | str], wanted: Subscribe
) -> None:
    """Written directly or pumped, to who wants all, single events, or those of a type."""

    async def run() -> None:
        hub = Hub()
        connection = Connection(hub, wanted=wanted)
        await _rounds()
        last = 0
        for step in steps:
            if isinstance(step, int):
                hub.write(batch(last + 1, step))
                last += step
            elif step == "full":
                connection.free = False
            elif step == "free":
                connection.let_through()
            else:
                await _rounds()
        await connection.end()
        assert connection.seqs == list(range(1, last + 1, 2 if wanted.types else 1))

    asyncio.run(run())


async def test_a_few_frames_are_one_write_joined_once_for_all() -> None:
    """Who gets the same frames gets the same bytes."""
    hub = Hub()
    connections = [Connection(hub), Connection(hub)]
    got: list[bytes] = []
    await _rounds()
    for connection in connections:
        connection.write = got.append  # type: ignore[method-assign]
    text = "x" * 50_000  # one of them a frame
    hub.write(batch(1, FEW_FRAMES + 1, text=text))
    assert [len(list(payloads(one))) for one in got] == [FEW_FRAMES, 1] * 2
    assert got[1] is got[3]  # one that stands alone, too
    hub.write(batch(FEW_FRAMES + 2, 3, text=text))
    assert got[4] is got[5]
    assert [msgspec.json.decode(one)["events"][0]["seq"] for one in payloads(got[4])] == [6, 7, 8]
    for connection in connections:
        await connection.end()


async def test_a_frame_that_cannot_be_made_ends_its_client_and_nobody_elses() -> None:
    """Neither the publisher nor the other client hears of it."""
    hub = Hub()
    broken, whole = Connection(hub), Connection(hub)
    await _rounds()

    def fails(_: float) -> Frame:
        raise ZeroDivisionError

    broken.client.session.next_frame = fails  # type: ignore[method-assign]
    hub.write(batch(1, 3))
    assert whole.seqs == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        await broken.pumping
    hub.detach(broken.client)
    hub.write(batch(4, 1))
    assert whole.seqs == [1, 2, 3, 4]
    await whole.end()


async def test_many_clients_are_left_to_their_pumps() -> None:
    """These wait for one another, which a direct write would not."""
    hub = Hub()
    for _ in range(AT_ONCE):
        hub.attach("other", lambda: None)
    connection = Connection(hub)
    await _rounds()
    hub.write(batch(1, 3))
    assert connection.written == 0
    await until(lambda: connection.seqs == [1, 2, 3])
    await connection.end()


async def test_a_batch_of_another_thread_is_written_by_the_loop() -> None:
    """A transport belongs to its loop."""
    hub = Hub()
    connection = Connection(hub)
    await _rounds()
    written_in: list[int] = []
    write = connection.write

    def noticing(frames: bytes) -> None:
        written_in.append(threading.get_ident())
        write(frames)

    connection.write = noticing  # type: ignore[method-assign]
    await asyncio.to_thread(hub.write, batch(1, 3))
    await until(lambda: connection.seqs == [1, 2, 3])
    assert written_in == [threading.get_ident()]
    await connection.end()


async def test_a_client_that_left_is_written_nothing() -> None:
    """A wake-up may come after it has gone."""
    hub = Hub()
    connection = Connection(hub)
    await _rounds()
    connection.client.leave()
    hub.write(batch(1, 3))
    async with asyncio.timeout(5):
        await connection.pumping
    assert connection.seqs == []


async def test_over_a_socket_a_batch_is_there_though_the_loop_never_turned(
    make: Callable[..., Server],
) -> None:
    """The bytes are with the system when `write` returns: a blocked program's viewers see what led to it."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server), batch=True) as (connection, _):
        await until(lambda: bool(hub._waiting))
        hub.write(batch(1, 3))
        assert hub.stats().delivered == 3
        frame = await connection.recv()
        assert [event["seq"] for event in msgspec.json.decode(frame)["events"]] == [1, 2, 3]

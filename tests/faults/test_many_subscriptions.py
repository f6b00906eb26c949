"""A million subscriptions, in each way that there is to make them, cost nobody else anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from backend.tap.hub import Hub
from tests.faults.subscriptions import crowd
from tests.faults.viewing import until
from tests.gateway.feeds import Server, batch, events, feed_url, subscribed

MILLION = 1_000_000


async def test_a_subscription_with_a_million_names_is_refused_by_its_size(
    make: Callable[..., Server],
) -> None:
    """Before it is looked at; others do not notice."""
    hub = Hub()
    names = ",".join(f'"{number}"' for number in range(MILLION))
    async with make(hub) as server, subscribed(feed_url(server)) as (other, _):
        async with connect(feed_url(server), proxy=None) as client:
            with pytest.raises(ConnectionClosed):  # noqa: PT012 - sending may be what fails
                await client.send(f'{{"type":"subscribe","types":[{names}]}}')
                async with asyncio.timeout(10):
                    while True:
                        await client.recv()
            assert client.close_code == 1009
        await until(lambda: hub.stats().active_subscribers == 1)
        hub.write(batch(1, 1))
        assert len(await events(other, 1)) == 1


async def test_whoever_subscribes_again_and_again_is_out_at_the_second_time(
    make: Callable[..., Server],
) -> None:
    """Told why in one line, and counted."""
    hub = Hub()
    async with make(hub) as server, connect(feed_url(server), proxy=None) as client:
        told = []
        with pytest.raises(ConnectionClosed):  # noqa: PT012 - sending or receiving may be what fails
            for _ in range(1_000):
                await client.send('{"type":"subscribe"}')
            async with asyncio.timeout(10):
                while True:
                    told.append(json.loads(await client.recv()))
        assert client.close_code == 1008
        await until(lambda: hub.stats().active_subscribers == 0)
        assert hub.stats().refused >= 1
        assert hub.stats().delivered == 0


async def test_of_those_who_came_and_went_nothing_is_left() -> None:
    """No object, and no memory that grows; the bench has the million."""
    left = await crowd(5_000)
    assert (left.subscribed, left.still_there) == (5_000, 0)
    assert left.grown < 5_000_000

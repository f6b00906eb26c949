"""The clients of one server of the feed, so that its shutdown can wait for them."""

from __future__ import annotations

import asyncio

from backend.tap.hub import HubClient


class FeedClients:
    """Who is connected. `finish` ends them all, the slow ones by force."""

    def __init__(self) -> None:
        self._clients: set[HubClient] = set()
        self._changed = asyncio.Event()

    def add(self, client: HubClient) -> None:
        """Count a client in."""
        self._clients.add(client)

    def discard(self, client: HubClient) -> None:
        """Count a client out."""
        self._clients.discard(client)
        self._changed.set()

    async def finish(self, seconds: float) -> None:
        """Have each client get what is left and its goodbye; after `seconds` cut the others off."""
        for client in tuple(self._clients):
            client.finish()
        try:
            async with asyncio.timeout(seconds):
                while self._clients:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            for client in tuple(self._clients):
                client.abort()

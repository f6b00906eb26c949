"""What stands behind a stream server, killed at random moments: who stores its events, who serves them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from backend.mux import transport_of
from backend.mux.protocol import GroupInfo
from backend.mux.streams import EVENTS
from tests.faults.books import in_store
from tests.faults.ledger import Verdict
from tests.faults.moments import Moments
from tests.faults.stream_kills import Producers
from tests.faults.viewing import Viewer, free_port, until
from tests.mux.valkey import Valkey

LIFE: Final = 0.5
_COMMAND: Final = (sys.executable, "-m", "debugger.cli", "bus")
_PIECE: Final = 40


class Part:
    """A command of its own process, that can be killed and begun again."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin; it may take a while until it does what it is for."""
        self._process = await asyncio.create_subprocess_exec(
            *_COMMAND, *self._words, stderr=asyncio.subprocess.DEVNULL
        )

    async def end(self, *, kill: bool = False) -> int:
        """In order, or at once; its exit code."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill() if kill else self._process.terminate()
        return await self._process.wait()


@contextlib.asynccontextmanager
async def told(url: str) -> AsyncIterator[Producers]:
    """Two producers that tell all the while."""
    producers = Producers(url)

    async def tell() -> None:
        while True:
            producers.emit(_PIECE)
            await asyncio.sleep(0.02)

    telling = asyncio.create_task(tell())
    try:
        yield producers
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        await producers.close()


async def consumer(moments: Moments, folder: Path) -> tuple[Verdict, str]:
    """`doubletalk bus store`, while two programs tell."""
    with Valkey() as server:
        bus, store = transport_of(server.url), folder / "store"
        part = Part("store", server.url, str(store))
        async with told(server.url) as producers:
            for _ in moments.lives():
                size = size_of(store)
                await part.start()
                # From its beginning on, or from when it stores: both are moments to be killed at.
                if moments.random() < 0.75:
                    await until(lambda size=size: size_of(store) > size)  # type: ignore[misc]
                await asyncio.sleep(moments.random() * LIFE)
                await part.end(kill=True)
        await part.start()
        with contextlib.suppress(TimeoutError):
            await _through(lambda: bus.info(EVENTS))
        code = await part.end()
        await bus.close()
        found = in_store(store).verdict(producers.emitted)
        return found, f"; ended with {code}, {producers.dropped} dropped"


async def _through(info: Callable[[], object]) -> None:
    """Wait until the group has stored all that there is."""
    async with asyncio.timeout(60):
        while True:
            groups: tuple[GroupInfo, ...] = (await info()).groups  # type: ignore[misc]
            if groups and all(not one.lag and not one.pending for one in groups):
                return
            await asyncio.sleep(0.05)


def size_of(folder: Path) -> int:
    """Bytes of events."""
    return sum(path.stat().st_size for path in folder.glob("events/*"))


async def gateways(moments: Moments) -> tuple[tuple[Verdict, ...], str]:
    """Two of `doubletalk bus gateway` before one stream, a viewer at each: either is killed."""
    with Valkey() as server:
        ports = free_port(), free_port()
        parts = [Part("gateway", server.url, "--port", str(port)) for port in ports]
        viewers = [Viewer(f"127.0.0.1:{port}") for port in ports]
        following = [asyncio.create_task(viewer.follow()) for viewer in viewers]
        try:
            async with told(server.url) as producers:
                await asyncio.gather(*(part.start() for part in parts))
                await until(lambda: all(viewer.connected for viewer in viewers))
                for _ in moments.lives():
                    await asyncio.sleep(moments.random() * LIFE)
                    which = moments.randrange(len(parts))
                    before = viewers[which].connected
                    await parts[which].end(kill=True)
                    await parts[which].start()
                    await until(lambda which=which, before=before: viewers[which].connected > before)  # type: ignore[misc]
            with contextlib.suppress(TimeoutError):
                await until(lambda: all(viewer.knows(producers.emitted) for viewer in viewers))
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
            await asyncio.gather(*(part.end() for part in parts))
        connected = " and ".join(str(viewer.connected) for viewer in viewers)
        found = tuple(viewer.books.verdict(producers.emitted) for viewer in viewers)
        return found, f"; viewers connected {connected} times"

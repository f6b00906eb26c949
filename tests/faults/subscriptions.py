"""Clients that come, subscribe and go again, in numbers: at a feed's middle, without the sockets."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Final, NamedTuple

from backend.tap.hub import Hub, HubClient
from backend.wire.frames import Frame
from tests.gateway.feeds import batch

_AT_ONCE: Final = 100
_NAMES: Final = [f"TYPE_{number}" for number in range(100)]
_SUBSCRIBE: Final = json.dumps({"type": "subscribe", "since_seq": 0, "batch": True, "types": _NAMES})


class Crowd(NamedTuple):
    """What a crowd left behind."""

    subscribed: int
    still_there: int
    grown: int
    """Bytes of memory, from when a fifth of them had been."""


async def crowd(clients: int) -> Crowd:
    """So many clients, a hundred at a time; each subscribes with a hundred names and gets its frames."""
    hub = Hub()
    hub.write(batch(1, 5))
    subscribed = before = 0
    tenth = max(clients // 10 // _AT_ONCE, 1) * _AT_ONCE

    async def discard(frame: Frame) -> None:
        del frame

    while subscribed < clients:
        some = [hub.attach(f"10.0.0.1:{at}", lambda: None) for at in range(_AT_ONCE)]
        for client in some:
            client.receive(_SUBSCRIBE)
            client.finish()
        await asyncio.gather(*(client.pump(discard) for client in some))
        for client in some:
            hub.detach(client)
        subscribed += len(some)
        if subscribed % tenth == 0:
            # Cycles that nobody has collected yet are not what grows: without this, a process in which
            # nothing else ran before has 30 MB more for them after the first thousands, and never again.
            del some, client
            gc.collect()
        if subscribed == 2 * tenth:
            before = _resident()
    gc.collect()
    there = sum(isinstance(one, HubClient) for one in gc.get_objects())
    return Crowd(subscribed, there + hub.stats().active_subscribers, _resident() - before)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

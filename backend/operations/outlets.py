"""Where events go beside the feed: what has a queue, a far end, and troubles of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from backend.events.vocabulary import SYSTEM
from backend.tap import Tap

LOOK_SECONDS: Final = 0.25
"""How often an outlet is looked at: a trouble is in the feed so soon."""


class OutletStats(Struct, frozen=True):
    """How an outlet is doing, in events. Totals count from the start of the program."""

    sent: int
    """Taken over by the far end."""
    waiting: int
    dropped: int
    restarts: int
    """How often the far end had to be begun, or connected to, again."""
    lag: float
    """Seconds since the oldest event that waits came."""
    problem: str
    """Why nothing is taken over now, in one line; empty while all is well."""


class Outlet(NamedTuple):
    """One of them: ``name`` as in health and metrics, ``stats`` from any thread, at once."""

    name: str
    stats: Callable[[], OutletStats]


class OutletWatch:
    """Tells the troubles of outlets in the feed: whoever watches the backend must not look elsewhere.

    A ``system`` event ``STORE_STATE`` or ``MUX_STATE`` of the component ``event_store`` or ``event_mux``:
    ``data.state`` is ``failing``, ``dropping`` (events are lost), ``ok`` again, or ``restarted`` where that
    was all of it.
    """

    def __init__(self, tap: Tap, outlets: Iterable[Outlet]) -> None:
        self._tap = tap
        self._outlets = tuple(outlets)
        self._known = {one.name: one.stats() for one in self._outlets}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Tell what is different from the last time."""
        for name, read in self._outlets:
            before, now = self._known[name], read()
            self._known[name] = now
            state = _change(before, now)
            if state is not None:
                self._tell(name, state, now)

    def _tell(self, name: str, state: str, now: OutletStats) -> None:
        data: dict[str, object] = {
            "state": state,
            "waiting": now.waiting,
            "dropped": now.dropped,
            "restarts": now.restarts,
        }
        if now.problem:
            data["problem"] = now.problem
        severity = {"failing": "error", "dropping": "error", "restarted": "warning"}.get(state, "info")
        self._tap.emit(SYSTEM, f"event_{name}", f"{name.upper()}_STATE", data, severity=severity)


def _change(before: OutletStats, now: OutletStats) -> str | None:
    """The worst of what is new."""
    if now.dropped > before.dropped:
        return "dropping"
    if now.problem and now.problem != before.problem:
        return "failing"
    if now.problem:
        return None
    if before.problem:
        return "ok"
    return "restarted" if now.restarts > before.restarts else None

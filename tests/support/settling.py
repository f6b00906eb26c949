"""A Pilot that waits for the application to be done, not for some time without work.

Textual's own takes 40 ms and more for each key, until a thread uses less than a twentieth of 20 ms; on a busy
machine a thread that does not get its turn looks idle. Here it is waited for the loop to have nothing left to
do: all messages are handled, and what they changed is painted. What takes its time by itself, in a thread or
by the application's tick, is not waited for: tests say `until`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from debugger.tui import launch  # noqa: F401 - before Textual

# isort: split
from textual import app as textual_app
from textual import pilot as textual_pilot
from textual._context import active_app
from textual.app import App

_ROUNDS: Final = 3  # a task that ends wakes the one that waits for it, and that one another


async def settle(min_sleep: float = 0.0, max_sleep: float = 10.0) -> None:
    """As `textual._wait.wait_for_idle`, whose place it takes."""
    loop: Any = asyncio.get_running_loop()
    app = active_app.get(None)
    ends = loop.time() + max_sleep
    quiet = 0
    while quiet < _ROUNDS and loop.time() < ends:
        await asyncio.sleep(0)
        quiet = 0 if loop._ready or (app is not None and _bring_forward(app)) else quiet + 1


def _bring_forward(app: App[Any]) -> bool:
    """What Textual leaves to the next frame happens now; whether there was any."""
    if app._exit or not app._running:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    due = [screen for screen in app._screen_stack if screen._update_timer._active.is_set()]
    for screen in due:
        screen._on_timer_update()
    return bool(due)


async def until(holds: Callable[[], object], what: str = "", seconds: float = 20.0) -> None:
    """Wait for a condition: what a thread or a tick of the application brings about."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, what or holds
        await asyncio.sleep(0.005)
    await settle()


def install() -> None:
    """Make every Pilot wait so."""
    textual_app.wait_for_idle = settle  # type: ignore[attr-defined]
    textual_pilot.wait_for_idle = settle  # type: ignore[attr-defined]

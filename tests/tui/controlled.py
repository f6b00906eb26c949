"""The interface on a backend that may be held: what it asks for is kept, and answered as the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import structs

from backend.wire.client import ControlAnswered, ControlChanged
from backend.wire.control import (
    BreakState,
    ControlOffer,
    ControlResult,
    ControlState,
    HeldDelivery,
    LetGo,
    Request,
    Take,
    parse_request,
)
from backend.wire.frames import PROTOCOL, Hello
from debugger.sources.feed import Connected
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.control.model import Control
from debugger.tui.control.widget import HeldList
from debugger.tui.session import Mode
from tests.tui.interface import Clock, conversation, session_with

FEED = "127.0.0.1:8765"
NOW = 900_000_000
BOTH = ControlOffer(offered=True, allowed=True)


def delivery(number: int, message: str, sender: str, receiver: str, **more: Any) -> HeldDelivery:
    made = HeldDelivery(
        f"d{number}", f"assistant-1-{number}", message, sender, receiver, "s1", 2, NOW - number * 100_000_000
    )
    return structs.replace(made, **more)


def chunk(number: int, **more: Any) -> HeldDelivery:
    return delivery(number, "CHUNK_RESPONSE", "text_queue_manager", "tts_orchestrator", **more)


PAUSED = ControlState(
    by="grace@lab (77)",
    mode="paused",
    why="b1: message:CHUNK_RESPONSE turn=2",
    since_ns=NOW,
    held=(
        chunk(3),
        delivery(4, "STT_USER_STARTED_SPEAKING", "user_session", "overseer"),
        delivery(5, "STT_USER_STARTED_SPEAKING", "user_session", "tts_orchestrator", ordered_after=("d3",)),
        chunk(6, alone=True),
    ),
    breaks=(
        BreakState("b1", "message:CHUNK_RESPONSE turn=2", "pause", 3),
        BreakState("b2", "data.index > 3", "hold", 0, "TypeError: no number"),
    ),
    delays={"audio_output": 0.25},
    pace=0.5,
    timeouts=("answer of the model", "TTS worker"),
)


class Backend:
    """The other end: says yes to everything unless told otherwise."""

    def __init__(self, app: DebuggerApp, control: Control) -> None:
        self.app = app
        self.control = control
        self.asked: list[Request] = []
        self.refuses = ""
        self.silent = False
        self.gone = False

    def take_in(self, frame: str) -> bool:
        """A frame has come."""
        if self.gone:
            return False
        number, request = parse_request(frame)
        self.asked.append(request)
        if not self.silent:
            self.app.call_later(self._answer, number, request)
        return True

    def _answer(self, number: int, request: Request) -> None:
        result = ControlResult(number, not self.refuses, self.refuses or None)
        self.control.hear(FEED, ControlAnswered(result))
        if not self.refuses and isinstance(request, Take):
            self.tell(ControlState(self.control.name, "running"))
        if not self.refuses and isinstance(request, LetGo):
            self.tell(ControlState())

    def greet(self, offer: ControlOffer = BOTH) -> None:
        """The connection is there."""
        hello = Hello(PROTOCOL, "assistant-1", 1, 1, 1, control=offer)
        self.control.hear(FEED, Connected(FEED, hello, again=False))

    def tell(self, state: ControlState, *, ours: bool = True) -> None:
        """What is held now, by this debugger or by another one."""
        if ours and state.mode != "off":
            state = structs.replace(state, by=self.control.name)
        self.control.hear(FEED, ControlChanged(state))
        self.app.main_screen.sync()  # as the next tick does


def controlled() -> tuple[DebuggerApp, Backend]:
    """An application on a feed; nobody has greeted yet."""
    session = session_with(conversation(), Mode.LIVE, Clock())
    backends: list[Backend] = []
    control = Control(session, {FEED: lambda frame: backends[0].take_in(frame)})  # noqa: PLW0108 - there is none yet
    control.name = "ada@desk (12)"  # type: ignore[misc] - of this machine
    session.control = control
    app = DebuggerApp(session)
    backends.append(Backend(app, control))
    return app, backends[0]


@asynccontextmanager
async def opened(
    offer: ControlOffer | None = BOTH, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Any, Backend]]:
    """The application under a pilot, and its backend, which has greeted."""
    app, backend = controlled()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if offer is not None:
            backend.greet(offer)
        yield pilot, backend


def pane_of(backend: Backend) -> HeldList:
    return backend.app.main_screen.query_one(HeldList)


def text_of(backend: Backend) -> str:
    """All lines of the pane."""
    pane = pane_of(backend)
    pane.sync()
    return "\n".join(pane.render_line(y).text.rstrip() for y in range(pane.size.height))


def notice(backend: Backend) -> str:
    told = backend.app.session.notice
    return "" if told is None else told.text

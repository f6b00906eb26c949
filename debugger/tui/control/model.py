"""The debugger's side of live control: what may be done, what is asked for, and what is held."""

from __future__ import annotations

import getpass
import itertools
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from backend.wire.client import ControlAnswered, ControlChanged
from backend.wire.control import (
    LEASE_SECONDS,
    Alive,
    Break,
    ControlOffer,
    ControlResult,
    ControlState,
    LetGo,
    Pause,
    Request,
    Take,
    request_frame,
)
from backend.wire.frames import one_line
from debugger.sources.control import LONGEST
from debugger.sources.feed import Connected, Disconnected
from debugger.tui.control.clock import FeedClock
from debugger.tui.control.findings import FindingBreak

ALIVE_NS: Final = round(LEASE_SECONDS / 3 * 1e9)
"""A controller that has said nothing for so long says that it is there."""

PATIENCE_NS: Final = 3_000_000_000
"""What is not answered by then is told."""

NOT_CONNECTED: Final = "not connected: there is nothing to hold"
NOT_OFFERED: Final = "no control here: start the backend with  serve --control"
NOT_ALLOWED: Final = "you may only watch: attach --control, or --control-token-file FILE"


class Speaker(Protocol):
    """Who is told what happens: a session."""

    clock: Callable[[], int]

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell the user something, for some seconds."""
        ...


class _Asked(Struct):
    """A request that is not answered yet: when it was sent, and what to say once it is done."""

    request: Request
    since_ns: int
    told: str = ""
    slow: bool = False


class Control:
    """What one may do to the backend behind a feed, and what is held there.

    Of several feeds it is the first that may be held; ``says`` sends a frame to one of them, by its name,
    and tells whether there is a connection. ``news`` grows with each change. ``ours``: this debugger is the
    controller. ``lost`` says why the bus was let go, if it was not by ourselves.
    """

    def __init__(self, speaker: Speaker, says: Mapping[str, Callable[[str], bool]]) -> None:
        self.speaker: Final = speaker
        self._says = dict(says)
        self._offers: dict[str, ControlOffer] = {}
        self._states: dict[str, ControlState] = {}
        self._asked: dict[int, _Asked] = {}
        self._waiting: list[tuple[Request, str]] = []  # until control is ours
        self._asked_of = ""  # the feed that is held, or will be
        self._ids = itertools.count(1)
        self._said_ns = 0
        self.name: Final = _own_name()
        self.clock: Final = FeedClock(speaker.clock)
        self.findings: Final = FindingBreak(self)
        self.ours = False
        self.lost = ""
        self.news = 0

    # --- what there is ------------------------------------------------------------------

    @property
    def feed(self) -> str:
        """The feed that it is about: the one that is held, else the first that may be."""
        if self._asked_of:
            return self._asked_of
        best = max(self._says, key=self._standing, default="")
        return best if self._offers.get(best) else next(iter(self._says), "")

    def _standing(self, name: str) -> int:
        offer = self._offers.get(name, ControlOffer())
        return 2 * (offer.offered and offer.allowed) + offer.offered

    @property
    def state(self) -> ControlState:
        """What is held now."""
        return self._states.get(self.feed, _OFF)

    @property
    def problem(self) -> str:
        """Why nothing can be done, and what to do about it; empty where it can."""
        offer = self._offers.get(self.feed)
        if offer is None:
            return NOT_CONNECTED
        if not offer.offered:
            return NOT_OFFERED
        return "" if offer.allowed else NOT_ALLOWED

    @property
    def holder(self) -> str:
        """Who is the controller; empty for nobody."""
        state = self.state
        if state.mode == "off":
            return ""
        return "you" if self.ours else state.by or "somebody"

    @property
    def paused(self) -> bool:
        """Whether deliveries wait."""
        return self.state.mode in {"paused", "stepping"}

    # --- what is heard ------------------------------------------------------------------

    def hear(self, name: str, update: object) -> None:
        """Something that feed `name` said; what is not about control is passed over."""
        match update:
            case Connected(hello=hello):
                self._offers[name] = hello.control
                self._states.pop(name, None)
                self.clock.forget()
                if name == self._asked_of:
                    self._no_longer_ours()  # what was given belonged to the connection before
            case Disconnected():
                self._disconnected(name)
            case ControlChanged(state=state):
                self._changed(name, state)
            case ControlAnswered(result=result):
                self._answered(result)
            case _:
                return
        self.news += 1

    def _disconnected(self, name: str) -> None:
        was_about_it = name == self.feed
        offer, state = self._offers.pop(name, None), self._states.pop(name, _OFF)
        if offer is None or not was_about_it:
            return
        if self.ours:
            self.lost = "the connection is gone: the bus was let go, with all breaks and delays"
        elif state.mode != "off":
            self.lost = "the connection is gone: whether the bus is still held is not known"
        if self.lost:
            self.speaker.say(self.lost, bad=True)
        self._no_longer_ours()
        self._asked.clear()
        self._waiting.clear()

    def _no_longer_ours(self) -> None:
        self.ours = False
        self._asked_of = ""
        self.findings.disarm()

    def _changed(self, name: str, state: ControlState) -> None:
        before = self._states.get(name, _OFF)
        self._states[name] = state
        if name != self.feed:
            return
        since = (*(one.since_ns for one in state.held), state.since_ns or 0)
        self.clock.see(max(since))
        if self.ours and before.mode != "off" and (state.mode == "off" or state.by != self.name):
            self._no_longer_ours()
            self.lost = "the bus was let go by the backend" + (f": {state.why}" if state.why else "")
            self.speaker.say(self.lost, bad=True)
        known = {one.name: one.disarmed for one in before.breaks}
        for one in state.breaks:
            if one.disarmed and not known.get(one.name):
                self.speaker.say(f"{one.when_text} is disarmed: {one.disarmed}", bad=True)

    def _answered(self, result: ControlResult) -> None:
        asked = self._asked.pop(result.id, None)
        if asked is None:
            if not result.ok:
                self.speaker.say(result.error or "the backend refuses", bad=True)
            return
        taking = isinstance(asked.request, Take)
        if not result.ok:
            self.speaker.say(result.error or f"the backend refuses {what(asked.request)}", bad=True)
            if taking:
                self._waiting.clear()
                self._no_longer_ours()
            return
        if taking:
            self.ours, self.lost = True, ""
            waiting, self._waiting = self._waiting, []
            for request, told in waiting:
                self._send(request, told)
        elif isinstance(asked.request, LetGo):
            self._no_longer_ours()
        if asked.told:
            self.speaker.say(asked.told)

    # --- what is asked for ----------------------------------------------------------------

    def ask(self, request: Request, told: str = "") -> bool:
        """Ask the backend, taking control first where it is nobody's yet; ``told`` is said once it is done.

        What cannot be asked is said; and whether it was asked is returned.
        """
        problem = self.problem
        if problem:
            self.speaker.say(problem, bad=True)
            return False
        if self.ours:
            return self._send(request, told)
        self._waiting.append((request, told))
        if self.take():
            return True
        self._waiting.clear()
        return False

    def take(self) -> bool:
        """Become the controller; whether that was asked for, or is so."""
        taking = any(isinstance(one.request, Take) for one in self._asked.values())
        if self.ours or taking:
            return True
        self._asked_of = self.feed
        if self._send(Take(self.name)):
            return True
        self._asked_of = ""
        return False

    def let_go(self) -> None:
        """Let everything run, and be the controller no longer."""
        if not self.ours:
            holder = self.holder
            self.speaker.say(f"{holder} holds the bus, not you" if holder else "the bus is not held")
            return
        self._send(LetGo(), "the bus is let go")

    def _send(self, request: Request, told: str = "") -> bool:
        number, now = next(self._ids), self.speaker.clock()
        try:
            frame = request_frame(number, request).decode()
        except (OverflowError, UnicodeError, RecursionError):
            self.speaker.say(f"{what(request)} has something in it that cannot be sent", bad=True)
            return False
        if len(frame) > LONGEST:
            self.speaker.say(f"{what(request)} is too long: {LONGEST:,} bytes at most", bad=True)
            return False
        if not self._says[self.feed](frame):
            self.speaker.say(NOT_CONNECTED, bad=True)
            return False
        self._said_ns = now
        self._asked[number] = _Asked(request, now, told)
        self.news += 1
        return True

    def look(self) -> None:
        """Called some ten times a second: say that somebody is there, and what is not answered."""
        now = self.speaker.clock()
        if self.ours and now - self._said_ns >= ALIVE_NS:
            self._send(Alive())
        self.findings.look()
        for asked in self._asked.values():
            if now - asked.since_ns >= PATIENCE_NS and not asked.slow:
                asked.slow = True
                if not isinstance(asked.request, Alive):
                    self.speaker.say(f"the backend has not answered {what(asked.request)} yet", bad=True)

    def pause(self, why: str = "") -> None:
        """Hold every delivery from now on."""
        self.ask(Pause(why), "the bus is paused")

    def free_name(self) -> str:
        """A name for another break."""
        asked = [one.request for one in self._asked.values()] + [one for one, _ in self._waiting]
        taken = {one.name for one in self.state.breaks} | {
            one.name for one in asked if isinstance(one, Break)
        }
        return next(name for number in itertools.count(1) if (name := f"b{number}") not in taken)


_OFF: Final = ControlState()


def what(request: Request) -> str:
    """A request, as people call it."""
    return f"'{request.__struct_config__.tag}'".replace("_", " ")


def _own_name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no such user here
        user = "somebody"
    return one_line(f"{user}@{socket.gethostname()}"[:80] + f" ({os.getpid()})")

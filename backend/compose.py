"""Puts the backend together: tap, hub, recorder, bus, engines, sessions."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self

from loguru import logger

from backend.assistant import Conditions, Engines, MemoryStore, Session, load_agents, open_session
from backend.bus import Bus
from backend.control import Desk
from backend.errors import UserError
from backend.models import ChatModel, Impatient, ModelError, Watchable, build_model
from backend.mux.sink import BusSink
from backend.mux.streams import limits_of as kept_of
from backend.operations import checks, storing, streaming
from backend.operations.health import OK, Condition, Status
from backend.operations.operations import Operations
from backend.operations.outlets import OutletWatch
from backend.operations.storing import limits_of, open_store
from backend.services import EventBus
from backend.settings import Settings
from backend.speech import (
    AudioSink,
    AudioSource,
    HibariTts,
    Listener,
    SileroVad,
    SpeechToText,
    TextToSpeech,
    WhisperStt,
)
from backend.tap import Probe, Recorder, Sink, Tap, silent
from backend.tap.hub import Hub
from backend.tap.redaction import load_redaction

_SHARES: Final = {"sessions": 0.15, "bus": 0.1, "models": 0.25, "store": 0.3, "mux": 0.15}
"""Of the time that an end may take, one after the other; the rest is for viewers to get the last events."""


class Backend:
    """A running assistant with its feed. ``async with`` opens its files and ends everything.

    Entering raises UserError where the conversation memory or the recording cannot be opened.

    The hub takes events from the first one on; whoever attaches before the engines are
    loaded sees them load.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        model: ChatModel | None = None,
        tts: TextToSpeech | None = None,
        stt: SpeechToText | None = None,
    ) -> None:
        self.settings = settings
        agents = load_agents(settings.agents)
        self.model = model or build_model(settings.model, api_key=settings.api_key)
        self.tts = tts or HibariTts()
        self.stt = stt or WhisperStt()
        self.desk = Desk(set_pace=self._play_at, timeouts=self._timeouts)
        self.hub = Hub(
            history_events=settings.history,
            topology=self.topology,
            desk=self.desk,
            limits=settings.limits,
        )
        redact = None if settings.redact is None else load_redaction(settings.redact)
        self.tap = Tap("assistant", sinks=(self.hub,), topology=self.topology, redact=redact)
        self.operations = Operations(self.hub, self.tap)
        self.events = EventBus(tap=self.tap, hub=self.hub)
        self.tap.add_sink(self.operations.meter)
        self.sessions: dict[str, Session] = {}
        self.conditions = Conditions(settings.without, settings.delays)
        self._agents = agents
        self._numbers = itertools.count(1)
        self._speed = 1.0
        self._bus: Bus | None = None
        self._engines: Engines | None = None
        self._states = {
            "llm": checks.Engine(self._model_trouble),
            "tts": checks.Engine(),
            "stt": checks.Engine(),
        }
        self._watching: asyncio.Task[None] | None = None
        self._observe()

    def _observe(self) -> None:
        """Say what health and metrics are to tell."""
        self.operations.watched.bus = lambda: self._bus
        self.operations.watched.sessions = lambda: len(self.sessions)
        self.operations.depends("bus", "assistant", checks.bus(lambda: self._bus), needed=True)
        for kind, engine in self._states.items():  # without a model it still says that it has none
            self.operations.depends(kind, "models", engine.check, needed=kind != "llm")
        for outlet in ("store", "mux"):
            self.operations.depends(outlet, outlet, checks.off)

    def _model_trouble(self) -> str:
        return self.model.trouble if isinstance(self.model, Watchable) else ""

    # --- life --------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        memory = MemoryStore(self.tap, self.settings.memory)
        # Last of what can be refused: a start that fails leaves no file in the way of the next.
        outlets: list[Sink] = []
        try:
            await self._open_outlets(outlets)
            self._record()
        except UserError:
            memory.close()
            for outlet in outlets:
                await asyncio.to_thread(outlet.close)
            raise
        for outlet in outlets:
            self.tap.add_sink(outlet)
        memory_check = checks.Thread(memory.look).check
        self.operations.depends("memory", "assistant", memory_check, needed=True)
        self.tap.start()
        await self.events.start()  # what tools and engines tell by its helpers is in this feed
        self._watching = silent(OutletWatch(self.tap, self.operations.outlets).run(), "outlets")
        self._bus = Bus(self.tap)
        self.desk.serve(self._bus)
        self._engines = Engines(self.model, self.tts, self._agents, memory, conditions=self.conditions)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_soon()
        await self._within(_SHARES["sessions"], "sessions", self._close_sessions())
        await self.bus.close(self.settings.grace * _SHARES["bus"])
        await self._within(_SHARES["models"], "models", self._close_engines())
        if self._engines is not None:
            self._engines.memory.close()
        if self._watching is not None:
            self._watching.cancel()
        await self.events.stop()
        # What a store or a stream has still to take, it takes while the feed's last frames go out.
        await asyncio.to_thread(self.tap.close)

    def stop_soon(self) -> None:
        """The end is near: nobody is to be sent here any more."""
        self.operations.health.stopping = True

    async def _within(self, share: float, what: str, ending: Coroutine[Any, Any, None]) -> None:
        """Do a part of the end, in a share of the time for all of it at most."""
        seconds = self.settings.grace * share
        try:
            async with asyncio.timeout(seconds):
                await ending
        except TimeoutError:
            told = f"the {what} did not end within {seconds:g} s: left as they are"
            logger.warning(told)
            self.tap.error(TimeoutError(told), component="backend", recovery_action="left")

    async def _close_sessions(self) -> None:
        for session_id in tuple(self.sessions):
            await self.close_session(session_id)

    async def _close_engines(self) -> None:
        for engine in (self.model, self.tts, self.stt):
            await engine.close()

    async def _open_outlets(self, opened: list[Sink]) -> None:
        """Store and stream, where they are asked for; those that are open are in the list, whatever fails."""
        settings = self.settings
        if settings.store is not None:
            limits = limits_of(settings.store_keep_days, settings.store_keep_gb)
            store = await open_store(settings.store, limits, settings.grace * _SHARES["store"])
            self.operations.add_outlet(storing.outlet_of(store))
            opened.append(store)
        if settings.bus is not None:
            stream = BusSink(
                settings.bus,
                environment=settings.environment,
                limits=kept_of(settings.bus_keep),
                close_seconds=settings.grace * _SHARES["mux"],
            )
            self.operations.add_outlet(streaming.outlet_of(stream))
            opened.append(stream)

    def _record(self) -> None:
        path = self.settings.record
        if path is None:
            return
        try:
            self.tap.add_sink(Recorder(path, exclusive=True))
        except FileExistsError:
            raise UserError(f"{path} exists; record to another file, or remove it") from None

    async def load(self) -> None:
        """Load voice, ears and model at the same time.

        A model that cannot be had is told and leaves the backend usable: the next turn
        tries again. Voice and ears are needed.

        Raises:
            SpeechError: the voice or the recogniser cannot be loaded.
        """
        await asyncio.gather(
            self._load("tts", self.tts), self._load("stt", self.stt), self._load("llm", self.model)
        )

    async def _load(self, kind: str, engine: Any) -> None:
        probe = Probe(self.tap, f"{kind}_engine")
        started = self.tap.clock.mono_ns()
        probe.system("MODEL_STATE", {"engine": kind, "state": "loading"})
        try:
            await engine.start()
        except ModelError as error:
            probe.system(
                "MODEL_STATE", {"engine": kind, "state": "failed", "error": str(error)}, severity="error"
            )
            self._states[kind].state = Condition(Status.DOWN, str(error))
            logger.error("the language model is not available: {}", error)
            return
        millis = round((self.tap.clock.mono_ns() - started) / 1e6, 1)
        probe.system("MODEL_STATE", {"engine": kind, "state": "ready", "load_ms": millis})
        self._states[kind].state = OK
        logger.info("{} ready after {:.0f} ms", kind, millis)

    # --- sessions ------------------------------------------------------------------

    @property
    def bus(self) -> Bus:
        """The message bus; there from ``async with`` on."""
        if self._bus is None:
            raise RuntimeError("the backend is not running: use `async with`")
        return self._bus

    def open_session(
        self, user_id: str, sink: AudioSink, *, session_id: str | None = None, pace: float = 1.0
    ) -> Session:
        """Begin a session for a user; its speech goes to `sink`.

        Raises:
            UserError: a session of that id is open already.
        """
        if self._engines is None:
            raise RuntimeError("the backend is not running: use `async with`")
        name = session_id or self._next_session()
        if name in self.sessions:
            raise UserError(f"the session {name!r} is open already; choose another name")
        session = open_session(self.bus, self._engines, name, user_id, sink, pace=pace)
        session.play_at(self._speed)
        self.sessions[name] = session
        return session

    def _next_session(self) -> str:
        """Where events of other runs are, too, a name of this run's own: two of one name would be one."""
        name = f"s{next(self._numbers)}"
        shared = self.settings.bus is not None or self.settings.store is not None
        return f"{name}-{self.tap.source.rpartition('-')[2]}" if shared else name

    async def close_session(self, session_id: str) -> None:
        """End a session and all that it runs."""
        session = self.sessions.pop(session_id)
        await session.close()

    def _play_at(self, speed: float) -> None:
        self._speed = speed
        for session in self.sessions.values():
            session.play_at(speed)

    def _timeouts(self) -> tuple[str, ...]:
        """What goes on counting while the bus is held."""
        return (self.model.gives_up,) if isinstance(self.model, Impatient) else ()

    def listener(self, source: AudioSource) -> Listener:
        """Ears for one source of audio."""
        return Listener(source, SileroVad(), self.stt)

    def info(self) -> dict[str, Any]:
        """What ``GET /api/assistant`` tells."""
        told = {"source": self.tap.source, "model": self.model.name, **self.topology()}
        return told if self.tap.redactor is None else self.tap.redactor.redacted(told)

    def topology(self) -> dict[str, Any]:
        """Components, subscriptions and open sessions, for a viewer that comes late; what is unusual, too."""
        shape = self._bus.topology() if self._bus is not None else {"components": []}
        return {**shape, "sessions": list(self.sessions), **self.conditions.told()}

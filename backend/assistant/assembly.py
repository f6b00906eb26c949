"""Puts a session's components together, and takes them apart in order."""

from __future__ import annotations

from dataclasses import dataclass

from backend.assistant.agent_config import AgentBook
from backend.assistant.agents import AgentContext
from backend.assistant.audio_output import AudioOutput
from backend.assistant.component import Component, SessionInfo
from backend.assistant.conditions import ORDINARY, Conditions
from backend.assistant.llm import LLMOrchestrator
from backend.assistant.memory import DatabaseMemory, MemoryStore
from backend.assistant.overseer import Overseer, Retrieve, no_context
from backend.assistant.session import UserSession
from backend.assistant.text_queue import TextQueueManager
from backend.assistant.tools import ToolBox, calculator, clock_tool, switch_agent
from backend.assistant.tts import TTSOrchestrator
from backend.bus import Bus
from backend.models import ChatModel
from backend.speech import AudioSink, TextToSpeech
from backend.tap import Scope, within


@dataclass(frozen=True, slots=True)
class Engines:
    """What all sessions share."""

    model: ChatModel
    tts: TextToSpeech
    agents: AgentBook
    memory: MemoryStore
    retrieve: Retrieve = no_context
    conditions: Conditions = ORDINARY


class Session:
    """One user's running session."""

    def __init__(self, user: UserSession, agents: AgentContext, components: tuple[Component, ...]) -> None:
        self.user = user
        self.agents = agents
        self.bus = user.port.bus
        self._components = components

    @property
    def session_id(self) -> str:
        """Its id, unique in the recording."""
        return self.user.session.session_id

    def play_at(self, speed: float) -> None:
        """How fast the voice plays from its next piece on; 2 is twice as fast."""
        for component in self._components:
            if isinstance(component, AudioOutput):
                component.speed = speed

    async def close(self) -> None:
        """Stop what runs, front to back, and unsubscribe everybody."""
        info = self.user.session
        self.bus.free(info.session_id, f"the session {info.session_id} ends")
        with within(Scope(info.session_id, info.user_id)):
            for component in self._components:
                await component.close()


def open_session(
    bus: Bus, engines: Engines, session_id: str, user_id: str, sink: AudioSink, *, pace: float = 1.0
) -> Session:
    """Build and subscribe all components of a session.

    ``pace``: playback time against the audio's own; 1.0 is real time, 0 does not wait.
    """
    info = SessionInfo(session_id, user_id, engines.conditions)
    with within(Scope(session_id, user_id)):
        agents = AgentContext(bus, info, engines.agents)
        memory = DatabaseMemory(bus, info, engines.memory)
        tools = ToolBox((clock_tool(bus.tap.clock), calculator(), switch_agent(agents)))
        user = UserSession(bus, info, agents)
        components: tuple[Component, ...] = (
            user,
            Overseer(bus, info, agents, memory, engines.retrieve),
            LLMOrchestrator(bus, info, engines.model, agents, tools),
            TextQueueManager(bus, info),
            TTSOrchestrator(bus, info, agents, engines.tts),
            AudioOutput(bus, info, sink, pace=pace),
            agents,
            memory,
        )
        for component in components:
            component.start()
    return Session(user, agents, components)

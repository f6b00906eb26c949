"""The agents: who speaks, with which prompt and voice; and the hand-off between them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from backend.assistant.agent_config import AgentBook, render_prompt
from backend.assistant.component import Component, SessionInfo
from backend.bus import Bus, Dropped
from backend.events.messages import AgentChanged
from backend.speech import VoiceSettings
from backend.tap import Scope


class UnknownAgentError(ValueError):
    """A hand-off to an agent that is in no configuration; the text names the known ones."""


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """An agent as one turn uses it. ``version`` grows with each change of agent."""

    agent_id: str
    version: int
    prompt: str
    voice: VoiceSettings
    tools: tuple[str, ...]


class AgentContext(Component):
    """The session's agent. A change takes effect for the turns that begin after it was handled."""

    NAME = "agent_context"

    def __init__(self, bus: Bus, session: SessionInfo, book: AgentBook) -> None:
        self._book = book
        self._user = book.user(session.user_id)
        self._agent_id = self._user.agent or book.default
        self._version = 1
        self._versions = itertools.count(2)
        self._changes = 0
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to hand-offs."""
        self.port.on(AgentChanged, self._on_changed)

    def get_debug_state(self) -> dict[str, Any]:
        """The agent in force, its version, and whom it speaks to."""
        return {
            "agent_id": self._agent_id,
            "config_version": self._version,
            "voice_id": self._voice_id(self._agent_id),
            "username": self._user.username or self.session.user_id,
            "changes": self._changes,
        }

    @property
    def agent_ids(self) -> tuple[str, ...]:
        """All agents one can be handed to."""
        return tuple(self._book.agents)

    async def config_for_turn(self) -> AgentConfig:
        """The configuration that a turn beginning now uses to its end.

        A hand-off that was published before the call is waited for: who asked for it has been told of it.
        """
        handled = await self.port.caught_up()
        self.read("agent_id", "config_version", after=handled)
        return self.current()

    def current(self) -> AgentConfig:
        """The configuration in force now."""
        return self.config_of(self._agent_id, self._version)

    def config_of(self, agent_id: str, version: int) -> AgentConfig:
        """The named agent's configuration, as a turn that was begun with it goes on to use it."""
        spec = self._book.agents[agent_id]
        username = self._user.username or self.session.user_id
        chosen = self._user.voices.get(agent_id, spec.voice)
        voice = VoiceSettings(chosen.voice_id, chosen.speed)
        return AgentConfig(agent_id, version, render_prompt(spec.prompt, username), voice, spec.tools)

    def _voice_id(self, agent_id: str) -> str:
        return self._user.voices.get(agent_id, self._book.agents[agent_id].voice).voice_id

    def hand_off(self, to_agent: str, reason: str) -> AgentChanged:
        """Announce that `to_agent` takes over; returns what was published.

        Raises:
            UnknownAgentError: there is no such agent.
        """
        if to_agent not in self._book.agents:
            known = ", ".join(self._book.agents)
            raise UnknownAgentError(f"no agent {to_agent!r}; there are: {known}")
        voice_id = self._voice_id(to_agent)
        change = AgentChanged(self._agent_id, to_agent, voice_id, next(self._versions), reason)
        self.port.publish(change)
        return change

    async def _on_changed(self, message: AgentChanged, _scope: Scope) -> Dropped | None:
        if message.config_version <= self._version:
            return Dropped(f"configuration {self._version} is in force")
        self._agent_id, self._version = message.to_agent, message.config_version
        self._changes += 1
        return None

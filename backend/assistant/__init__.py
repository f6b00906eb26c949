"""The voice assistant: speech in → overseer → LLM → text queue → TTS → audio out."""

from __future__ import annotations

from backend.assistant.agent_config import AgentBook, load_agents
from backend.assistant.agents import AgentContext, UnknownAgentError
from backend.assistant.assembly import Engines, Session, open_session
from backend.assistant.component import Component, SessionInfo
from backend.assistant.conditions import Conditions
from backend.assistant.memory import MemoryStore
from backend.assistant.overseer import Overseer, Retrieve
from backend.assistant.session import UserSession

__all__ = [
    "AgentBook",
    "AgentContext",
    "Component",
    "Conditions",
    "Engines",
    "MemoryStore",
    "Overseer",
    "Retrieve",
    "Session",
    "SessionInfo",
    "UnknownAgentError",
    "UserSession",
    "load_agents",
    "open_session",
]

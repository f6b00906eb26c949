"""Language models behind one protocol: embedded, any OpenAI-compatible URL, or scripted."""

from __future__ import annotations

from backend.models.protocol import (
    ChatMessage,
    ChatModel,
    Finished,
    FinishReason,
    ModelError,
    ModelProtocolError,
    ModelTimeoutError,
    ModelUnavailableError,
    Part,
    TextDelta,
    ToolCall,
    ToolSpec,
)
from backend.models.scripted import Asked, Scripted, ScriptedModel

__all__ = [
    "Asked",
    "ChatMessage",
    "ChatModel",
    "FinishReason",
    "Finished",
    "ModelError",
    "ModelProtocolError",
    "ModelTimeoutError",
    "ModelUnavailableError",
    "Part",
    "Scripted",
    "ScriptedModel",
    "TextDelta",
    "ToolCall",
    "ToolSpec",
]

"""Language models behind one protocol: embedded, any OpenAI-compatible URL, or scripted."""

from __future__ import annotations

from backend.models.build import build_model
from backend.models.embedded import EmbeddedModel
from backend.models.openai import OpenAICompatibleModel
from backend.models.protocol import (
    ChatMessage,
    ChatModel,
    Finished,
    FinishReason,
    Impatient,
    ModelError,
    ModelProtocolError,
    ModelTimeoutError,
    ModelUnavailableError,
    Part,
    Preparing,
    TextDelta,
    ToolCall,
    ToolSpec,
    Watchable,
)
from backend.models.scripted import Asked, Scripted, ScriptedModel

__all__ = [
    "Asked",
    "ChatMessage",
    "ChatModel",
    "EmbeddedModel",
    "FinishReason",
    "Finished",
    "Impatient",
    "ModelError",
    "ModelProtocolError",
    "ModelTimeoutError",
    "ModelUnavailableError",
    "OpenAICompatibleModel",
    "Part",
    "Preparing",
    "Scripted",
    "ScriptedModel",
    "TextDelta",
    "ToolCall",
    "ToolSpec",
    "Watchable",
    "build_model",
]

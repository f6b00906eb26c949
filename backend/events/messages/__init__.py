"""Every message type of the assistant, each with its own typed payload."""

from __future__ import annotations

from typing import Final

from backend.events.messages.base import Message
from backend.events.messages.llm import (
    BeginAiTurn,
    LlmEvent,
    LlmRawChunk,
    ProcessUserInput,
    StreamEvent,
    TextChunk,
)
from backend.events.messages.queue import ChunkAvailable, ChunkResponse, RequestNextChunk
from backend.events.messages.stt import CompleteTranscript, Door, PartialTranscript, SttUserStartedSpeaking
from backend.events.messages.system import AgentChanged, AudioOutputComplete, SystemMessage
from backend.events.messages.tts import (
    TtsAudioChunk,
    TtsBotFinishedSpeaking,
    TtsBotStartedSpeaking,
    TtsConnectionReady,
    TtsGenerationComplete,
    TtsReceptionComplete,
    TtsSessionComplete,
    TtsSessionError,
    TtsSessionReady,
    TtsWorkerCompleted,
    WorkerStatus,
)

MESSAGES: Final[dict[str, type[Message]]] = {
    message.message_type: message
    for message in (
        SttUserStartedSpeaking,
        PartialTranscript,
        CompleteTranscript,
        BeginAiTurn,
        ProcessUserInput,
        LlmRawChunk,
        TextChunk,
        LlmEvent,
        TtsConnectionReady,
        TtsSessionReady,
        TtsSessionComplete,
        TtsSessionError,
        TtsAudioChunk,
        TtsBotStartedSpeaking,
        TtsBotFinishedSpeaking,
        TtsGenerationComplete,
        TtsReceptionComplete,
        TtsWorkerCompleted,
        RequestNextChunk,
        ChunkResponse,
        ChunkAvailable,
        SystemMessage,
        AudioOutputComplete,
        AgentChanged,
    )
}
"""The payload type of each message type."""

__all__ = [
    "MESSAGES",
    "AgentChanged",
    "AudioOutputComplete",
    "BeginAiTurn",
    "ChunkAvailable",
    "ChunkResponse",
    "CompleteTranscript",
    "Door",
    "LlmEvent",
    "LlmRawChunk",
    "Message",
    "PartialTranscript",
    "ProcessUserInput",
    "RequestNextChunk",
    "StreamEvent",
    "SttUserStartedSpeaking",
    "SystemMessage",
    "TextChunk",
    "TtsAudioChunk",
    "TtsBotFinishedSpeaking",
    "TtsBotStartedSpeaking",
    "TtsConnectionReady",
    "TtsGenerationComplete",
    "TtsReceptionComplete",
    "TtsSessionComplete",
    "TtsSessionError",
    "TtsSessionReady",
    "TtsWorkerCompleted",
    "WorkerStatus",
]

"""The model's turn: streaming, tools, cancellation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any

from backend.assistant.agents import AgentConfig, AgentContext
from backend.assistant.component import TURN_CANCELLED, Component, SessionInfo, stop_task
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.assistant.llm_stream import Stream
from backend.assistant.speech_filter import StreamingLLMFilter
from backend.assistant.tools import ToolBox, ToolError
from backend.bus import Bus, Dropped
from backend.events import encode_payload
from backend.events.messages import (
    AgentChanged,
    LlmEvent,
    ProcessUserInput,
    SttUserStartedSpeaking,
    SystemMessage,
    TextChunk,
)
from backend.models import ChatMessage, ChatModel, ModelError, Preparing, ToolCall
from backend.tap import Scope

_MOST_ROUNDS = 4
_TOOL_SECONDS = 10.0


class LLMOrchestrator(Component):
    """One answer at a time: the active one is cancelled, and gone, before the next begins."""

    NAME = "llm_orchestrator"

    def __init__(
        self,
        bus: Bus,
        session: SessionInfo,
        model: ChatModel,
        agents: AgentContext,
        tools: ToolBox,
        *,
        max_tokens: int = 160,
    ) -> None:
        self._model = model
        self._agents = agents
        self._tools = tools
        self._max_tokens = max_tokens
        self._task: asyncio.Task[None] | None = None
        self._stream: Stream | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._unwatched: set[asyncio.Task[None]] = set()
        self._beginning: tuple[ChatMessage, ...] = ()
        self._prepared: tuple[ChatMessage, ...] = ()
        self._counts = {"streams": 0, "finished": 0, "cancelled": 0, "failed": 0, "tool_calls": 0}
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to input, and to what ends an answer early."""
        self.port.on(ProcessUserInput, self._on_input)
        self.port.on(SttUserStartedSpeaking, self._on_user_started)
        self.port.on(SystemMessage, self._on_system)
        self.port.on(AgentChanged, self._on_agent_changed)
        self._next_prompt(self._agents.current(), ())
        self._prepare()

    def get_debug_state(self) -> dict[str, Any]:
        """The open stream, and how streams ended."""
        stream = self._stream
        return {
            "state": "STREAMING" if stream else "IDLE",
            "turn": self.turn,
            "model": self._model.name,
            "stream_id": stream.stream_id if stream else None,
            "chunks": stream.chunks if stream else 0,
            "counts": dict(self._counts),
        }

    # --- messages --------------------------------------------------------------

    async def _on_input(self, message: ProcessUserInput, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        await self._cancel("a new turn begins")
        self.turn = scope.turn or self.turn + 1
        self._task = asyncio.create_task(self._answer(message), name=f"answer {self.turn}")
        return None

    async def _on_user_started(self, _message: SttUserStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self.turn = scope.turn or self.turn
        await self._cancel("barge-in")
        self._prepare()
        return None

    async def _on_system(self, message: SystemMessage, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if message.recovery == TURN_CANCELLED:
            await self._cancel("turn cancelled")
        return None

    async def _on_agent_changed(self, message: AgentChanged, _scope: Scope) -> None:
        agent = self._agents.config_of(message.to_agent, message.config_version)
        self._next_prompt(agent, self._beginning[1:])
        self._prepare()

    def _next_prompt(self, agent: AgentConfig, spoken: Sequence[ChatMessage]) -> None:
        self._beginning = (ChatMessage("system", agent.prompt), *spoken)

    def _prepare(self) -> None:
        """Let the model read how the next prompt begins, while the user still speaks."""
        busy = self._preparing is not None and not self._preparing.done()
        if isinstance(self._model, Preparing) and not busy and self._beginning != self._prepared:
            self._prepared = self._beginning
            work = _quietly(self._model.prepare(self._beginning))
            self._preparing = asyncio.create_task(work, name="prepare")

    async def _cancel(self, reason: str) -> None:
        """End the answer that runs and wait until it has ended."""
        task, self._task = self._task, None
        if task is None:
            return
        if self.guarded(Guard.OLD_STREAM_FIRST):
            await stop_task(task, reason)
        else:
            task.cancel(reason)
            self._unwatched.add(task)
            task.add_done_callback(self._unwatched.discard)

    async def close(self) -> None:
        """Cancel the answer, then unsubscribe."""
        await self._cancel("the session ends")
        if self._unwatched:
            await asyncio.wait(self._unwatched)
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait({self._preparing})
        await super().close()

    # --- the answer --------------------------------------------------------------

    async def _answer(self, asked: ProcessUserInput) -> None:
        """Rounds of model and tools until the model is done with words."""
        if self._preparing is not None:
            await asyncio.wait({self._preparing})  # it reads what this answer begins with
        messages = _messages(asked)
        specs = self._tools.specs(self._agents.config_of(asked.agent_id, asked.config_version).tools)
        text_filter = StreamingLLMFilter()
        spoken = 0
        for number in range(_MOST_ROUNDS):
            stream = Stream(f"{self.session.session_id}-t{self.turn}-{number}", self._model.name, self.port)
            offered = specs if number < _MOST_ROUNDS - 1 else ()
            calls, spoken = await self._one_stream(stream, messages, offered, text_filter, spoken)
            if calls is None:
                return
            if not calls:
                break
            messages.append(ChatMessage("assistant", stream.text, tool_calls=tuple(calls)))
            for call in calls:
                messages.append(await self._call_tool(stream.stream_id, call))
        self._beginning = (
            *(message for message in messages if message.role != "tool" and message.content),
            ChatMessage("assistant", stream.text),
        )
        rest = text_filter.finish()
        self.port.publish(TextChunk(stream.stream_id, spoken, rest, is_final=True))

    async def _one_stream(
        self,
        stream: Stream,
        messages: list[ChatMessage],
        specs: Any,
        text_filter: StreamingLLMFilter,
        spoken: int,
    ) -> tuple[list[ToolCall] | None, int]:
        """One request; the calls it asks for, or None where it failed; and the text chunks so far."""
        self._stream = stream
        self._counts["streams"] += 1
        stream.started()
        try:
            async for piece in stream.read(
                self._model.stream(messages, tools=specs, max_tokens=self._max_tokens)
            ):
                speakable = text_filter.feed(piece)
                if speakable:
                    self.port.publish(TextChunk(stream.stream_id, spoken, speakable))
                    spoken += 1
        except asyncio.CancelledError as cancelled:
            await self.session.conditions.take(Delay.LLM_CLOSE)
            self._end("cancelled")
            stream.cancelled(str(cancelled) or "cancelled")
            raise
        except ModelError as error:
            self._end("failed")
            stream.failed(str(error))
            return None, spoken
        except Exception as error:
            self._end("failed")
            stream.failed(f"{type(error).__name__}: {error}")
            raise
        self._end("finished")
        stream.finished()
        return stream.calls, spoken

    def _end(self, how: str) -> None:
        self._stream = None
        self._counts[how] += 1

    async def _call_tool(self, stream_id: str, call: ToolCall) -> ChatMessage:
        """Run one tool; what goes wrong in it is an answer to the model, not an end of the turn."""
        self._counts["tool_calls"] += 1
        arguments = encode_payload(call.arguments)
        self.port.publish(LlmEvent(stream_id, "tool_call", tool=call.name, arguments=arguments))
        error: str | None = None
        try:
            async with self.port.bus.patience(_TOOL_SECONDS):
                result = await self._tools.call(call.name, call.arguments)
        except ToolError as refused:
            result = error = f"That did not work: {refused}"
        except TimeoutError:
            result = error = f"That did not work: {call.name} took more than {_TOOL_SECONDS:g} s"
        self.port.publish(LlmEvent(stream_id, "tool_result", tool=call.name, result=result, error=error))
        return ChatMessage("tool", result, name=call.name, tool_call_id=call.id)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """A model that cannot prepare will say why when it is asked."""
    with contextlib.suppress(ModelError):
        await work


def _messages(asked: ProcessUserInput) -> list[ChatMessage]:
    prompt = asked.system_prompt
    if asked.context:
        passages = "\n".join(f"- {passage}" for passage in asked.context)
        prompt = f"{prompt}\n\nWhat may help:\n{passages}"
    history = [
        ChatMessage("assistant" if role == "assistant" else "user", text) for role, text in asked.history
    ]
    return [ChatMessage("system", prompt), *history, ChatMessage("user", asked.text)]

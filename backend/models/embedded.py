"""The model that comes along: SmolLM2-135M-Instruct on llama.cpp, in a worker process."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from backend.models.brevity import SentenceBudget
from backend.models.openai import OpenAICompatibleModel
from backend.models.protocol import ChatMessage, Finished, ModelError, Part, TextDelta, ToolCall, ToolSpec
from backend.models.worker import Worker, find_weights

_NAME = "SmolLM2-135M-Instruct"
# Earlier messages shown to the model, and characters of each: reading costs about 2 ms a
# token on one thread, and it answers what it read last anyway.
_HISTORY = 4
_HISTORY_CHARACTERS = 160
_LEAD_INS = ("", "Sure. ", "Of course. ", "All right. ", "Let me see. ")
_SHOTS = (
    ChatMessage("user", "What is two plus three?"),
    ChatMessage("assistant", '{"expression":"2 + 3"}'),
    ChatMessage("user", "Multiply 20 by six"),
    ChatMessage("assistant", '{"expression":"20 * 6"}'),
    ChatMessage("user", "What is 90 divided by 9?"),
    ChatMessage("assistant", '{"expression":"90 / 9"}'),
)


class EmbeddedModel:
    """Answers in short sentences, offline. A worker that died is replaced at the next request.

    Tools: 135M parameters cannot tell when one is needed (asked, it said "none" to 10 of 10
    questions), so the words of the user decide, by `ToolSpec.hints`. The arguments are the
    model's, under the tool's schema: llama.cpp samples only what obeys it.
    """

    def __init__(
        self, weights: Path | None = None, *, temperature: float = 0.0, max_sentences: int = 3
    ) -> None:
        self._weights = weights
        self._temperature = temperature
        self._max_sentences = max_sentences
        self._worker: Worker | None = None
        self._client: OpenAICompatibleModel | None = None
        self._starting = asyncio.Lock()
        self._calls = 0

    @property
    def name(self) -> str:
        """The weights' name."""
        return _NAME

    async def start(self) -> None:
        """Start the worker, unless one runs. Raises ModelUnavailableError."""
        await self._connected()

    async def close(self) -> None:
        """End the worker. A second call does nothing."""
        client, self._client = self._client, None
        worker, self._worker = self._worker, None
        if client is not None:
            await client.close()
        if worker is not None:
            await worker.stop()

    def kill_worker(self) -> None:
        """End the worker as a crash would: to see how the rest takes it."""
        if self._worker is not None:
            self._worker.kill()

    async def _connected(self) -> OpenAICompatibleModel:
        async with self._starting:
            if self._client is not None and self._worker is not None and self._worker.alive:
                return self._client
            await self.close()
            self._worker = await Worker.start(find_weights(self._weights))
            self._client = OpenAICompatibleModel(self._worker.address, _NAME, api_key=self._worker.key)
            await self._client.start()
            return self._client

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSpec] = (),
        max_tokens: int = 256,
        temperature: float | None = None,
    ) -> AsyncIterator[Part]:
        """As `ChatModel.stream`, ended after ``max_sentences``; by default at the model's temperature."""
        client = await self._connected()
        worker = self._worker
        try:
            async with aclosing(self._reply(client, messages, tools, max_tokens, temperature)) as parts:
                async for part in parts:
                    yield part
        except ModelError as error:
            if worker is not None and (ended := await worker.ended_soon()):
                raise ended from error
            raise

    async def _reply(
        self,
        client: OpenAICompatibleModel,
        messages: Sequence[ChatMessage],
        tools: Sequence[ToolSpec],
        max_tokens: int,
        temperature: float | None,
    ) -> AsyncGenerator[Part]:
        question = _last_of(messages, "user")
        tool = choose_tool(question, tools) if messages[-1].role == "user" else None
        if tool is not None:
            arguments = await self._arguments(client, question, tool)
            self._calls += 1
            yield ToolCall(f"call-{self._calls}", tool.name, arguments)
            yield Finished("tool_calls")
            return
        answer = client.stream(
            prompt_for(messages),
            max_tokens=max_tokens,
            temperature=self._temperature if temperature is None else temperature,
            extra={"repeat_penalty": 1.1, "cache_prompt": True, **_must_say(messages)},
        )
        budget = SentenceBudget(self._max_sentences)
        async with aclosing(answer) as parts:  # type: ignore[type-var]  # an async generator behind its protocol
            async for part in parts:
                if isinstance(part, TextDelta):
                    if text := budget.take(part.text):
                        yield TextDelta(text)
                    if budget.spent:
                        yield Finished("stop")
                        return
                else:
                    yield part

    async def _arguments(
        self, client: OpenAICompatibleModel, question: str, tool: ToolSpec
    ) -> dict[str, Any]:
        if not tool.parameters.get("properties"):
            return {}
        asked = [
            ChatMessage("system", f"Write the arguments of this tool as JSON: {tool.description}."),
            *(_SHOTS if "expression" in tool.parameters["properties"] else ()),
            ChatMessage("user", question),
        ]
        schema = {"name": tool.name, "schema": narrowed(tool.parameters, question)}
        constrained = {"response_format": {"type": "json_schema", "json_schema": schema}}
        text = ""
        async for part in client.stream(asked, max_tokens=64, temperature=0.0, extra=constrained):
            if isinstance(part, TextDelta):
                text += part.text
        try:
            arguments = json.loads(text)
        except ValueError:  # cut off by the token limit
            return {}
        return arguments if isinstance(arguments, dict) else {}


def choose_tool(question: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool whose hints are best met by the words of a question, or None.

    A hint is a word or a phrase; the longer the hints met, the better.
    """
    words = " ".join(re.findall(r"[a-z0-9']+", question.lower()))
    best: ToolSpec | None = None
    best_score = 0
    for tool in tools:
        met = [hint for hint in tool.hints if f" {hint.lower()} " in f" {words} "]
        score = sum(len(hint) for hint in met)
        if score > best_score:
            best, best_score = tool, score
    return best


def narrowed(schema: dict[str, Any], question: str) -> dict[str, Any]:
    """A tool's schema with each choice reduced to what the question names, where it names any.

    Asked for the storyteller, the model chose another agent; a name that was said is no choice.
    """
    properties: dict[str, Any] = {}
    for name, definition in schema["properties"].items():
        said = [value for value in definition.get("enum", ()) if str(value).lower() in question.lower()]
        properties[name] = {**definition, "enum": said} if said else definition
    return {**schema, "properties": properties}


def prompt_for(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages as this model understands them: short, and without a tool role.

    A tool's result becomes an order in the system prompt; `_must_say` sees to it that it is followed.
    """
    system = " ".join(message.content for message in messages if message.role == "system")
    facts = _facts(messages)
    question = _last_of(messages, "user")
    if facts:
        order = f"{system} Tell the user exactly this in one sentence: {facts}."
        return [ChatMessage("system", order), ChatMessage("user", question)]
    spoken = [message for message in messages if message.role in ("user", "assistant") and message.content]
    history = [_shortened(message) for message in spoken[-1 - _HISTORY : -1]]
    return [ChatMessage("system", system), *history, ChatMessage("user", question)]


def _must_say(messages: Sequence[ChatMessage]) -> dict[str, str]:
    """A grammar under which the answer is the tools' results, word for word.

    Told to report "12 * 7 = 84", the model once said 78. How it begins is its choice of `_LEAD_INS`:
    left free, it began with "Ireland,".
    """
    facts = _facts(messages)
    if not facts:
        return {}
    lead_ins = " | ".join(json.dumps(lead_in) for lead_in in _LEAD_INS)
    return {"grammar": f'root ::= ({lead_ins}) {json.dumps(facts)} "."'}


def _facts(messages: Sequence[ChatMessage]) -> str:
    results = [" ".join(message.content.split()) for message in messages if message.role == "tool"]
    return "; ".join(result.rstrip(".") for result in results)


def _shortened(message: ChatMessage) -> ChatMessage:
    text = message.content
    if len(text) <= _HISTORY_CHARACTERS:
        return message
    return ChatMessage(message.role, text[:_HISTORY_CHARACTERS].rpartition(" ")[0] + " …")


def _last_of(messages: Sequence[ChatMessage], role: str) -> str:
    return next((message.content for message in reversed(messages) if message.role == role), "")

"""The model that comes along: SmolLM2-135M-Instruct on llama.cpp, in a worker process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from backend.models.brevity import SentenceBudget
from backend.models.number_words import with_digits
from backend.models.openai import OpenAICompatibleModel
from backend.models.protocol import ChatMessage, Finished, ModelError, Part, TextDelta, ToolCall, ToolSpec
from backend.models.tool_choice import (
    CLASSIFY,
    class_of,
    is_certain,
    narrowed,
    one_of,
    only_arguments,
    pointed_at,
    with_said_numbers,
)
from backend.models.worker import Worker, find_weights

_NAME = "SmolLM2-135M-Instruct"
# Earlier messages shown to the model, and characters of each: reading costs about 2 ms a
# token on one thread, and it answers what it read last anyway.
_HISTORY = 4
_HISTORY_CHARACTERS = 160
_LEAD_INS = ("", "Sure. ", "Of course. ", "All right. ", "Let me see. ")
# How answers are to sound. Without these, 'What is the capital of France?' was answered in French;
# with two of the three it was right once out of two.
_MANNER = (
    ChatMessage("user", "How many legs does a spider have?"),
    ChatMessage("assistant", "A spider has eight legs."),
    ChatMessage("user", "I feel a little tired today."),
    ChatMessage("assistant", "I am sorry to hear that. A short walk or a nap may help."),
    ChatMessage("user", "Please tell me who wrote Hamlet."),
    ChatMessage("assistant", "William Shakespeare wrote Hamlet."),
)
# At 1.0 it repeats a sentence until the limit.
_REPEAT_PENALTY = 1.1
_EXTRACT = ChatMessage("system", "Extract the arguments of the request as JSON.")
# 18 of 18 spoken calculations came out right with these; with three of them, 17.
_ARITHMETIC = tuple(
    message
    for words, expression in (
        ("What is 20 plus 6?", "20 + 6"),
        ("How much is 8 divided by 2?", "8 / 2"),
        ("Multiply 9 by 5.", "9 * 5"),
        ("What's 70 minus 31?", "70 - 31"),
        ("What is 4 times 250?", "4 * 250"),
    )
    for message in (
        ChatMessage("user", words),
        ChatMessage("assistant", json.dumps({"expression": expression})),
    )
)


class EmbeddedModel:
    """Answers in short sentences, offline. A worker that died is replaced at the next request.

    Tools: the words of the user point at one by `ToolSpec.hints`, and only then is the model asked
    whether it is wanted (see `tool_choice`). The arguments are the model's, under the tool's
    schema: llama.cpp samples only what obeys it.
    """

    def __init__(
        self, weights: Path | None = None, *, temperature: float = 0.0, max_sentences: int = 6
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

    @property
    def gives_up(self) -> str:
        """On what, and after how long."""
        return self._client.gives_up if self._client is not None else f"the start of {_NAME}"

    @property
    def trouble(self) -> str:
        """Of the worker, once there was one."""
        gone = self._worker is not None and not self._worker.alive
        return "its process has ended; the next request begins another" if gone else ""

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
            # Reading these prompts takes a second each; from now on their beginnings are known.
            for prompt in (CLASSIFY, (_EXTRACT, *_ARITHMETIC)):
                await self._constrained(self._client, prompt, {"max_tokens": 1})
            return self._client

    async def prepare(self, messages: Sequence[ChatMessage]) -> None:
        """Read the beginning that answers after these messages have in common.

        Reading it takes most of a second on one thread, which the first answer need not wait for.
        Raises ModelError.
        """
        client = await self._connected()
        beginning = prompt_for([*messages, ChatMessage("user", "Hello.")])
        await self._constrained(client, beginning, {"max_tokens": 1})

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
        tool = pointed_at(question, tools) if messages and messages[-1].role == "user" else None
        if tool is not None and await self._is_wanted(client, question, tool):
            arguments = await self._arguments(client, question, tool)
            self._calls += 1
            yield ToolCall(f"call-{self._calls}", tool.name, arguments)
            yield Finished("tool_calls")
            return
        answer = client.stream(
            prompt_for(messages),
            max_tokens=max_tokens,
            temperature=self._temperature if temperature is None else temperature,
            extra={"repeat_penalty": _REPEAT_PENALTY, "stop": ["\n"], **_must_say(messages)},
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

    async def _is_wanted(self, client: OpenAICompatibleModel, question: str, tool: ToolSpec) -> bool:
        name = class_of(tool)
        if name is None or is_certain(question, tool):
            return True
        answer = await self._constrained(client, [*CLASSIFY, ChatMessage("user", question)], one_of(name))
        return bool(answer == name)

    async def _arguments(
        self, client: OpenAICompatibleModel, question: str, tool: ToolSpec
    ) -> dict[str, Any]:
        parameters = narrowed(tool.parameters, question)
        if (only := only_arguments(parameters)) is not None:
            return only
        request = with_digits(question)
        asked = [
            _EXTRACT,
            *(_ARITHMETIC if "expression" in tool.parameters["properties"] else ()),
            ChatMessage("user", request),
        ]
        schema = {"name": tool.name, "schema": with_said_numbers(parameters, request)}
        constraint = {"response_format": {"type": "json_schema", "json_schema": schema}}
        arguments = await self._constrained(client, asked, constraint)
        return arguments if isinstance(arguments, dict) else {}

    async def _constrained(
        self, client: OpenAICompatibleModel, asked: Sequence[ChatMessage], constraint: dict[str, Any]
    ) -> Any:
        """The JSON that the model answers under a constraint; None where the token limit cut it off."""
        text = ""
        parts = client.stream(asked, max_tokens=64, temperature=0.0, extra=constraint)
        async with aclosing(parts) as stream:  # type: ignore[type-var]  # an async generator behind its protocol
            async for part in stream:
                if isinstance(part, TextDelta):
                    text += part.text
        try:
            return json.loads(text)
        except ValueError:
            return None


def prompt_for(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages as this model understands them: short, and without a tool role.

    A tool's result stands behind the question; `_must_say` sees to it that it is said. The
    beginning is the same for all of an agent's turns, so that it is read once (see `prepare`).
    """
    system = " ".join(message.content for message in messages if message.role == "system")
    facts = _facts(messages)
    question = _last_of(messages, "user")
    if facts:
        return [ChatMessage("system", system), *_MANNER, ChatMessage("user", f"{question} ({facts})")]
    spoken = [message for message in messages if message.role in ("user", "assistant") and message.content]
    history = [_shortened(message) for message in spoken[-1 - _HISTORY : -1]]
    return [ChatMessage("system", system), *_MANNER, *history, ChatMessage("user", question)]


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

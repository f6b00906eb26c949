"""The chat completions dialogue as bytes and frozen values, free of I/O.

Written for what Ollama, llama-server, vLLM and OpenAI really send: strict about what is needed
to answer rightly, indifferent to what is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from backend.models.protocol import (
    ChatMessage,
    Finished,
    FinishReason,
    ModelError,
    ModelProtocolError,
    ModelUnavailableError,
    Part,
    TextDelta,
    ToolCall,
    ToolSpec,
)

_DONE = "[DONE]"
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on other people's bytes; the last for brackets nested by the thousand."""

_MOST_QUOTED = 200
"""Characters of a server's own words in an error line."""

_FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
"""Other reasons ('stop', 'eos', 'content_filter', a newcomer) end the answer as well: they are 'stop'."""

_FIXES: Mapping[int, str] = {
    401: "check the API key",
    403: "check the API key",
    404: "check the address and the name of the model",
    429: "wait, or ask less often",
    503: "it may still be loading: try again",
}


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _CallDelta(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    tool_calls: list[_CallDelta] | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    error: Any = None


class _Call(Struct):
    """A tool call that is still arriving."""

    id: str = ""
    name: str = ""
    arguments: str = ""


def request_body(
    model: str,
    messages: Sequence[ChatMessage],
    tools: Sequence[ToolSpec],
    max_tokens: int,
    temperature: float,
) -> dict[str, Any]:
    """The JSON of a streamed request."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in messages],
        "stream": True,
        "max_tokens": max_tokens,
        "temperature": temperature,
    }
    if tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in tools
        ]
    return body


def _message(message: ChatMessage) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name is not None:
        out["name"] = message.name
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        out["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return out


class ReplyReader:
    """Turns the data of a reply's events into parts: text at once, tool calls whole, at the end.

    `who` names the server in error lines.
    """

    def __init__(self, who: str) -> None:
        self.done = False
        self._who = who
        self._decode = msgspec.json.Decoder(_Chunk).decode
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._reason: str | None = None

    def read(self, data: str) -> Iterator[Part]:
        """The parts that one event brings; after the last of them `done` is true.

        Raises:
            ModelError: the event is an error of the server, or nonsense.
        """
        if self.done:
            return
        if data.strip() == _DONE:
            yield from self._finish()
            return
        try:
            chunk = self._decode(data)
        except _NO_JSON as error:
            raise ModelProtocolError(
                f"{self._who} sent a chunk that is none ({error}): {quoted(data)}", "check the address"
            ) from None
        if chunk.error is not None:
            raise ModelError(f"{self._who} broke off with an error: {quoted(error_text(chunk.error))}")
        # The last chunk of a server that counts tokens has no choice; of several, the first is ours.
        for choice in (chunk.choices or ())[:1]:
            yield from self._read_delta(choice.delta or _Delta())
            self._reason = choice.finish_reason or self._reason

    def end(self) -> Iterator[Part]:
        """The connection ended. That is the end of a reply only if it had said that it was done.

        Raises:
            ModelProtocolError: it had not.
        """
        if self.done:
            return
        if self._reason is None:
            raise ModelProtocolError(f"{self._who} broke off in the middle of its answer", "try again")
        yield from self._finish()

    def _read_delta(self, delta: _Delta) -> Iterator[Part]:
        if delta.content:
            yield TextDelta(delta.content)
        for piece in delta.tool_calls or ():
            call = self._call_of(piece)
            function = piece.function or _Function()
            call.id = call.id or piece.id or ""
            call.name += function.name or ""
            arguments = function.arguments
            call.arguments += json.dumps(arguments) if isinstance(arguments, dict) else arguments or ""

    def _call_of(self, piece: _CallDelta) -> _Call:
        """The call that a piece continues. Servers that send calls whole may leave out the index."""
        known = None if piece.index is None else self._by_index.get(piece.index)
        if piece.index is None and self._calls and not piece.id:
            known = self._calls[-1]
        if known is None:
            known = _Call()
            self._calls.append(known)
            if piece.index is not None:
                self._by_index[piece.index] = known
        return known

    def _finish(self) -> Iterator[Part]:
        self.done = True
        for number, call in enumerate(self._calls):
            yield ToolCall(call.id or f"call_{number}", call.name, self._arguments(call))
        # Some servers say 'stop' after tool calls: what was sent counts.
        reason = "tool_calls" if self._calls else _FINISH.get(self._reason or "", "stop")
        yield Finished("stop" if reason == "tool_calls" and not self._calls else reason)

    def _arguments(self, call: _Call) -> dict[str, Any]:
        if not call.name:
            raise ModelProtocolError(f"{self._who} called a tool without a name")
        try:
            return msgspec.json.decode(call.arguments.strip() or "{}", type=dict[str, Any])
        except _NO_JSON:
            raise ModelProtocolError(
                f"{self._who} called {quoted(call.name)} with arguments that are no JSON object: "
                f"{quoted(call.arguments)}"
            ) from None


def status_error(who: str, status: int, body: bytes) -> ModelError:
    """What an HTTP status other than 200 means, with the server's own words shortened to one line."""
    text = body.decode("utf-8", "replace")
    try:
        answer = msgspec.json.decode(body)
    except _NO_JSON:
        answer = text
    if isinstance(answer, dict):
        answer = answer.get("error") or answer.get("detail") or answer.get("message") or text
    said = quoted(error_text(answer))
    message = f"{who} answered {status}" + (f": {said}" if said else "")
    fix = _FIXES.get(status, "look at its log" if status >= 500 else "")  # noqa: PLR2004 - HTTP's server errors
    if status in _FIXES or status >= 500:  # noqa: PLR2004 - as above
        return ModelUnavailableError(message, fix)
    return ModelProtocolError(message, fix)


def error_text(error: Any) -> str:
    """The words of an error object of any of the shapes in use."""
    if isinstance(error, dict):
        error = error.get("message") or error
    return error if isinstance(error, str) else json.dumps(error, default=str, ensure_ascii=False)


def quoted(text: str) -> str:
    """Other people's text made fit for one line of ours: no control characters, not too long."""
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * _MOST_QUOTED])
    line = " ".join(line.split())
    return line if len(line) <= _MOST_QUOTED else line[: _MOST_QUOTED - 1] + "…"

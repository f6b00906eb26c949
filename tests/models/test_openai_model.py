"""The client of OpenAI-compatible servers, against a real socket that behaves in every wrong way."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from backend.models import (
    ChatMessage,
    Finished,
    ModelError,
    ModelProtocolError,
    ModelTimeoutError,
    ModelUnavailableError,
    OpenAICompatibleModel,
    Part,
    TextDelta,
    ToolCall,
)

_ASKED = [ChatMessage("user", "Hello?")]
_STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
_UNTIL_CLOSED = _STREAM + "Connection: close\r\n\r\n"


class _Server:
    """One answer, said by the test; it notes the request and when its client goes away."""

    def __init__(self, answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
        self.url = ""
        self.head = ""
        self.body: dict[str, Any] = {}
        self.client_gone = asyncio.Event()
        self.hold = asyncio.Event()
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in self.head.lower().split("\r\n") if line.startswith("content-length"))
        self.body = json.loads(await reader.readexactly(int(length.split(":")[1])))
        try:
            await self._answer(writer)
            await writer.drain()
            if not writer.is_closing():
                await reader.read()
                self.client_gone.set()
        finally:
            writer.close()


@asynccontextmanager
async def _serving(answer: Callable[[asyncio.StreamWriter], Awaitable[None]] | str) -> AsyncIterator[_Server]:
    """A server that says `answer`; a text is sent as it is, and the connection closed."""

    async def say(writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, str)
        writer.write(answer.encode())
        writer.close()

    server = _Server(say if isinstance(answer, str) else answer)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        yield server
        # What still hangs on must not outlive the test.
        server.hold.set()


@asynccontextmanager
async def _model(url: str, **more: Any) -> AsyncIterator[OpenAICompatibleModel]:
    model = OpenAICompatibleModel(url, "tiny", **more)
    await model.start()
    try:
        yield model
    finally:
        await model.close()


async def _read(url: str, **more: Any) -> list[Part]:
    async with _model(url, **more) as model:
        return [part async for part in model.stream(_ASKED)]


def _data(delta: dict[str, Any], finish_reason: str | None = None) -> str:
    return f"data: {json.dumps({'choices': [{'delta': delta, 'finish_reason': finish_reason}]})}\n\n"


_HELLO = _data({"content": "Hel"}) + _data({"content": "lo"}) + _data({}, "stop") + "data: [DONE]\n\n"


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def test_an_answer_is_streamed_part_by_part() -> None:
    """The first part is there while the server still waits to send the rest."""
    may_go_on = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write((_UNTIL_CLOSED + _data({"content": "Hel"})).encode())
        await may_go_on.wait()
        writer.write((_data({"content": "lo"}) + _data({}, "stop") + "data: [DONE]\n\n").encode())
        writer.close()

    async with (
        _serving(answer) as server,
        _model(server.url) as model,
        aclosing(model.stream(_ASKED)) as parts,
    ):
        assert await anext(parts) == TextDelta("Hel")
        may_go_on.set()
        assert [part async for part in parts] == [TextDelta("lo"), Finished("stop")]


async def test_the_request_is_what_such_servers_expect() -> None:
    """Path, key, model and messages; what is beyond ASCII arrives unharmed."""
    async with _serving(_UNTIL_CLOSED + _HELLO) as server, _model(server.url, api_key="sk-1") as model:
        stream = model.stream([ChatMessage("user", "Grüße 👋")], max_tokens=7, extra={"seed": 1})
        assert [part async for part in stream][-1] == Finished("stop")
    assert server.head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert "authorization: bearer sk-1\r\n" in server.head.lower()
    assert server.body["messages"] == [{"role": "user", "content": "Grüße 👋"}]
    assert (server.body["model"], server.body["max_tokens"], server.body["seed"]) == ("tiny", 7, 1)


async def test_tool_calls_come_out_of_the_stream() -> None:
    """Their pieces may be cut anywhere; here the lines also end as on Windows, with comments between."""
    call = {"index": 0, "id": "c", "function": {"name": "get_time", "arguments": "{}"}}
    answer = ": ping\n\n" + _data({"tool_calls": [call]}) + _data({}, "tool_calls") + "data: [DONE]\n\n"
    async with _serving(_UNTIL_CLOSED + answer.replace("\n", "\r\n")) as server:
        assert await _read(server.url) == [ToolCall("c", "get_time", {}), Finished("tool_calls")]


async def test_nobody_at_the_address_is_one_line_that_says_so() -> None:
    """And the model stays usable: the next request finds the server that came up meanwhile."""
    port = _unused_port()
    async with _model(f"http://127.0.0.1:{port}") as model:
        with pytest.raises(ModelUnavailableError, match=rf"nobody answers at 127\.0\.0\.1:{port}") as caught:
            await anext(model.stream(_ASKED))
        assert caught.value.fix
        server = _Server(lambda writer: _say(writer, _UNTIL_CLOSED + _HELLO))
        async with await asyncio.start_server(server.serve, "127.0.0.1", port):
            assert await anext(model.stream(_ASKED)) == TextDelta("Hel")


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode())
    writer.close()


async def test_a_host_that_does_not_exist_is_unavailable() -> None:
    """The name is in the line."""
    with pytest.raises(ModelUnavailableError, match=r"no-such-host\.invalid"):
        await _read("http://no-such-host.invalid:1234")


@pytest.mark.parametrize(
    ("status", "body", "kind", "line"),
    [
        ("500 Oh no", '{"error": {"message": "out of memory"}}', ModelUnavailableError, "500: out of memory"),
        ("503 Wait", '{"error": {"message": "Loading model"}}', ModelUnavailableError, "503: Loading model"),
        ("404 No", '{"error": "model \\"x\\" not found"}', ModelUnavailableError, '404: model "x" not found'),
        ("401 No", "", ModelUnavailableError, "answered 401"),
        ("400 No", '{"detail": "too long"}', ModelProtocolError, "400: too long"),
        ("302 Found", "elsewhere", ModelProtocolError, "302: elsewhere"),
        ("500 Oh no", "<html>\n\x1b[2J" + "x" * 50_000, ModelUnavailableError, r"500: <html> \[2Jxxx"),
    ],
)
async def test_a_status_of_failure_is_told_with_the_servers_words(
    status: str, body: str, kind: type[ModelError], line: str
) -> None:
    """Shortened to one printable line, however long the body is."""
    answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    async with _serving(answer) as server:
        with pytest.raises(kind, match=line) as caught:
            await _read(server.url)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(_UNTIL_CLOSED + _data({"content": "Once"}), id="closed early"),
        pytest.param(_UNTIL_CLOSED + _data({"content": "Once"}) + 'data: {"choi', id="closed in an event"),
        pytest.param(_STREAM + "Content-Length: 9999\r\n\r\n" + _data({"content": "Once"}), id="too short"),
        pytest.param(
            _STREAM + "Transfer-Encoding: chunked\r\n\r\n" + f"{len(_data({'content': 'Once'})):x}\r\n"
            f"{_data({'content': 'Once'})}\r\n10\r\nda",
            id="torn chunk",
        ),
    ],
)
async def test_a_torn_stream_is_an_error_after_what_arrived(answer: str) -> None:
    """Half an answer never passes for a whole one."""
    got: list[Part] = []
    async with _serving(answer) as server, _model(server.url) as model:
        with pytest.raises(ModelProtocolError, match=r"in the middle|broke"):
            got.extend([part async for part in _noting(model.stream(_ASKED), got)])
    assert got == [TextDelta("Once")]


async def _noting(parts: AsyncIterator[Part], into: list[Part]) -> AsyncIterator[Part]:
    async for part in parts:
        into.append(part)
        yield part


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        pytest.param("SSH-2.0-OpenSSH_9.2\r\n", "broke", id="no HTTP"),
        pytest.param("", "broke", id="nothing"),
        pytest.param(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Hi", "text/html.*<p>Hi", id="a page"
        ),
        pytest.param(_UNTIL_CLOSED + "data: {oops\n\n", r"chunk that is none.*\{oops", id="no JSON"),
        pytest.param(_UNTIL_CLOSED + "hello\n" * 10, "in the middle", id="no events"),
        pytest.param(
            _STREAM + "Content-Encoding: gzip\r\nConnection: close\r\n\r\nnot gzip", "broke", id="no gzip"
        ),
    ],
)
async def test_what_is_no_answer_is_a_protocol_error(answer: str, line: str) -> None:
    """Somebody else's port, a login page, a broken proxy."""
    async with _serving(answer) as server:
        with pytest.raises(ModelProtocolError, match=line) as caught:
            await _read(server.url)
    assert str(caught.value).isprintable()


async def test_an_error_object_in_the_stream_is_told() -> None:
    """llama-server sends one when the context is full, long after its 200."""
    answer = _data({"content": "Once"}) + 'data: {"error": {"message": "context is full"}}\n\n'
    async with _serving(_UNTIL_CLOSED + answer) as server:
        with pytest.raises(ModelError, match="context is full"):
            await _read(server.url)


@pytest.mark.parametrize("begin", ["", _UNTIL_CLOSED, _UNTIL_CLOSED + _data({"content": "Once"})])
async def test_silence_is_a_timeout_wherever_it_begins(begin: str) -> None:
    """Before the headers, before the first part, after it."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(begin.encode())

    async with _serving(answer) as server:
        with pytest.raises(ModelTimeoutError, match=r"nothing for 0\.2 s"):
            await _read(server.url, timeout=0.2)


async def test_keep_alives_do_not_hold_off_the_timeout() -> None:
    """A server that only pings is as stuck as a silent one."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(_UNTIL_CLOSED.encode())
        while not writer.is_closing():
            writer.write(b": ping\n\n")
            await asyncio.sleep(0.02)

    async with _serving(answer) as server:
        with pytest.raises(ModelTimeoutError):
            await _read(server.url, timeout=0.2)


async def test_a_slow_answer_is_no_timeout_while_parts_keep_coming() -> None:
    """The time is from part to part, not for the whole answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(_UNTIL_CLOSED.encode())
        for _ in range(8):
            await asyncio.sleep(0.15)
            writer.write(_data({"content": "x"}).encode())
        writer.write(_data({}, "stop").encode())
        writer.close()

    async with _serving(answer) as server:
        assert len(await _read(server.url, timeout=1.1)) == 9


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_leaving_early_ends_the_connection_so_that_the_server_stops(how: str) -> None:
    """These servers stop generating when their client is gone: barge-in must reach them."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write((_UNTIL_CLOSED + _data({"content": "Once"})).encode())

    async with _serving(answer) as server, _model(server.url) as model:
        first = asyncio.Event()

        async def read() -> None:
            async with aclosing(model.stream(_ASKED)) as parts:
                async for _ in parts:
                    first.set()
                    if how == "close":
                        return

        task = asyncio.create_task(read())
        await asyncio.wait_for(first.wait(), 5)
        if how == "cancel":
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == (how == "cancel")
        await asyncio.wait_for(server.client_gone.wait(), 5)


async def test_closing_the_model_ends_an_answer_in_one_line() -> None:
    """Whoever still reads gets a ModelError, not a hang."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write((_UNTIL_CLOSED + _data({"content": "Once"})).encode())

    async with _serving(answer) as server, _model(server.url) as model:
        parts = model.stream(_ASKED)
        await anext(parts)
        await model.close()
        await model.close()
        with pytest.raises(ModelError):
            await anext(parts)


async def test_a_model_that_is_not_started_says_so() -> None:
    """It would otherwise be an error of ours without a name."""
    with pytest.raises(ModelUnavailableError, match="not started"):
        await anext(OpenAICompatibleModel("http://127.0.0.1:1", "tiny").stream(_ASKED))


async def test_half_a_surrogate_pair_is_the_servers_to_refuse() -> None:
    """Text typed at a terminal can hold one; it must not fail in our encoder."""
    async with _serving(_UNTIL_CLOSED + _HELLO) as server, _model(server.url) as model:
        assert [part async for part in model.stream([ChatMessage("user", "\udc80")])][-1] == Finished("stop")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h:1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("https://h/api/v1/chat/completions", "https://h/api/v1/chat/completions"),
        ("http://[::1]:8/v1", "http://[::1]:8/v1/chat/completions"),
    ],
)
def test_an_address_is_taken_with_or_without_its_path(url: str, path: str) -> None:
    """As people copy it from each server's manual."""
    assert OpenAICompatibleModel(url, "tiny")._url == path


@pytest.mark.parametrize(
    "url", ["", "localhost:11434", "ftp://h", "http://", "http://h:port", "http://u:p@h", "http://[::1"]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    """With a line that shows how one looks, and never a password."""
    with pytest.raises(ModelError) as caught:
        OpenAICompatibleModel(url, "tiny")
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("key", ["ké", "a\nb"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    """It would fail deep inside the HTTP client, or smuggle a header."""
    with pytest.raises(ModelError, match="API key") as caught:
        OpenAICompatibleModel("http://h", "tiny", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("host", ["a..b", "exa mple.com", "x" * 300])
async def test_a_host_that_cannot_be_one_is_unavailable(host: str) -> None:
    """Whatever the layer that notices."""
    with pytest.raises(ModelError):
        await _read(f"http://{host}:80")

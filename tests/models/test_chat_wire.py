"""The chat completions dialogue: what servers really send becomes parts, or one line of error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models import (
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
from backend.models.chat_wire import ReplyReader, quoted, request_body, status_error
from tests.support.examples import tried


def _chunk(delta: dict[str, Any] | None = None, finish_reason: str | None = None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish_reason}]})


def _call(arguments: str | dict[str, Any] | None = None, **more: Any) -> str:
    function = {key: more.pop(key) for key in ("name",) if key in more} | {"arguments": arguments}
    return _chunk({"tool_calls": [{**more, "function": function}]})


def _read(*events: str) -> list[Part]:
    reader = ReplyReader("server")
    parts = [part for data in events for part in reader.read(data)]
    return [*parts, *reader.end()]


def test_text_comes_at_once_and_the_end_last() -> None:
    """Role, empty and null content bring no part; the count of tokens after the end is none either."""
    usage = json.dumps({"choices": [], "usage": {"total_tokens": 9}})
    parts = _read(
        _chunk({"role": "assistant", "content": None}),
        _chunk({"content": ""}),
        _chunk({"content": "Hel"}),
        _chunk({"content": "lo"}),
        _chunk(finish_reason="stop"),
        usage,
        "[DONE]",
        _chunk({"content": "after the end"}),
    )
    assert parts == [TextDelta("Hel"), TextDelta("lo"), Finished("stop")]


@pytest.mark.parametrize(
    ("said", "meant"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "stop"), ("tool_calls", "stop")],
)
def test_every_reason_to_finish_is_one_of_three(said: str, meant: FinishReason) -> None:
    """Unknown reasons end the answer too; tool calls that were never sent cannot be waited for."""
    assert _read(_chunk(finish_reason=said), "[DONE]") == [Finished(meant)]


def test_a_tool_call_is_put_together_from_its_pieces() -> None:
    """Two calls whose pieces interleave, as OpenAI and vLLM send them."""
    assert _read(
        _call('{"expr', index=0, id="a", name="calculate"),
        _call("", index=1, id="b", name="get_time"),
        _call('ession": "1 + 1"}', index=0),
        _chunk(finish_reason="tool_calls"),
        "[DONE]",
    ) == [
        ToolCall("a", "calculate", {"expression": "1 + 1"}),
        ToolCall("b", "get_time", {}),
        Finished("tool_calls"),
    ]


def test_calls_sent_whole_without_index_or_id_are_told_apart() -> None:
    """Some servers send each call in one piece, its arguments as an object, and then say 'stop'."""
    assert _read(
        _call({"a": 1}, id="x", name="one"),
        _call('{"b": 2}', id="y", name="two"),
        _chunk(finish_reason="stop"),
    ) == [ToolCall("x", "one", {"a": 1}), ToolCall("y", "two", {"b": 2}), Finished("tool_calls")]
    (call, _) = _read(_call("", name="one"), _chunk(finish_reason="stop"))
    assert call == ToolCall("call_0", "one", {})


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "seven", "null", '{"a": ' + "[" * 100_000])
def test_arguments_that_are_no_object_are_an_error_that_names_the_tool(arguments: str) -> None:
    """A tool is never run with what the model did not say."""
    with pytest.raises(ModelProtocolError, match=r"calculate.*no JSON object"):
        _read(_call(arguments, index=0, name="calculate"), _chunk(finish_reason="tool_calls"))


def test_a_call_without_a_name_is_an_error() -> None:
    """There is nothing to run."""
    with pytest.raises(ModelProtocolError, match="without a name"):
        _read(_call("{}", index=0, id="x"), "[DONE]")


def test_an_answer_that_only_stops_coming_is_torn() -> None:
    """Without a reason to finish, the end of the connection is no end of the answer."""
    with pytest.raises(ModelProtocolError, match="in the middle"):
        _read(_chunk({"content": "Once upon"}))


def test_an_answer_that_said_why_it_ends_needs_no_done() -> None:
    """Some servers just close the connection after the last chunk."""
    assert _read(_chunk({"content": "Hi"}), _chunk(finish_reason="length")) == [
        TextDelta("Hi"),
        Finished("length"),
    ]


@pytest.mark.parametrize(
    "error",
    [{"message": "out of\nmemory", "code": 500}, "out of memory", {"message": {"text": "out of memory"}}],
)
def test_an_error_in_the_stream_is_told_in_one_line(error: Any) -> None:
    """llama-server, vLLM and Ollama each have their own shape of it."""
    with pytest.raises(ModelError, match=r"broke off with an error: .*out of memory"):
        _read(_chunk({"content": "Hi"}), json.dumps({"error": error}))


@tried(40)
@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(
                        ["choices", "delta", "content", "tool_calls", "function", "error", "index", "name"]
                    ),
                    inner,
                )
            ),
        ).map(json.dumps),
    )
)
def test_nonsense_is_an_error_of_the_model_and_nothing_else(data: str) -> None:
    """Whatever a server sends: parts, or a ModelError of one printable line."""
    try:
        _read(data, "[DONE]")
    except ModelError as error:
        assert str(error).isprintable()  # noqa: PT017 - that it may also not raise is the point


@pytest.mark.parametrize("data", ["[" * 100_000, '{"error": ' + "[" * 100_000, '{"choices": [[]]}', "7"])
def test_a_chunk_that_is_none_is_quoted_short(data: str) -> None:
    """Also one that is nested deeper than a decoder goes."""
    with pytest.raises(ModelProtocolError, match="chunk that is none") as caught:
        _read(data)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("status", "kind", "fix"),
    [
        (400, ModelProtocolError, ""),
        (401, ModelUnavailableError, "API key"),
        (404, ModelUnavailableError, "name of the model"),
        (429, ModelUnavailableError, "wait"),
        (500, ModelUnavailableError, "log"),
        (503, ModelUnavailableError, "loading"),
    ],
)
def test_a_status_says_what_to_do(status: int, kind: type[ModelError], fix: str) -> None:
    """The number, the server's words, the way out."""
    error = status_error("server", status, b'{"error": {"message": "no such\\tthing"}}')
    assert type(error) is kind
    assert error.message == f"server answered {status}: no such thing"
    assert fix in error.fix


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"<html>" + b"x" * 5000,
        b"[]",
        b'{"detail": "no"}',
        b"null",
        b'"\xff"',
        b"[" * 16_384,
    ],
)
def test_a_status_with_any_body_is_one_short_line(body: bytes) -> None:
    """Also a proxy's HTML, or nothing."""
    line = str(status_error("server", 502, body))
    assert "answered 502" in line
    assert line.isprintable()
    assert len(line) < 300


def test_quoted_text_cannot_reach_the_terminal() -> None:
    """Escape sequences and bidi controls of a server end up as spaces."""
    assert quoted("\x1b[31mred\x07\u202e\n\x9bx") == "[31mred x"


def test_a_request_has_the_tools_and_the_calls_that_were_answered() -> None:
    """The second round of a tool loop, as the API wants it: arguments are a string of JSON."""
    body = request_body(
        "m",
        [
            ChatMessage("user", "1 + 1?"),
            ChatMessage("assistant", "", tool_calls=(ToolCall("a", "calculate", {"expression": "1 + 1"}),)),
            ChatMessage("tool", "2", name="calculate", tool_call_id="a"),
        ],
        [ToolSpec("calculate", "Arithmetic", {"type": "object"}, hints=("plus",))],
        max_tokens=5,
        temperature=0.5,
    )
    assert (body["model"], body["stream"], body["max_tokens"], body["temperature"]) == ("m", True, 5, 0.5)
    asked, called, answered = body["messages"]
    assert asked == {"role": "user", "content": "1 + 1?"}
    assert json.loads(called["tool_calls"][0]["function"].pop("arguments")) == {"expression": "1 + 1"}
    assert called["tool_calls"] == [{"id": "a", "type": "function", "function": {"name": "calculate"}}]
    assert answered == {"role": "tool", "content": "2", "name": "calculate", "tool_call_id": "a"}
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "calculate", "description": "Arithmetic", "parameters": {"type": "object"}},
        }
    ]

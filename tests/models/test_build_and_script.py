"""From what a user writes to a model; and the model that says what a test tells it to."""

from __future__ import annotations

import subprocess
import sys
from contextlib import aclosing

import pytest

from backend.errors import UserError
from backend.models import (
    ChatMessage,
    Finished,
    ModelError,
    ModelProtocolError,
    Part,
    Scripted,
    ScriptedModel,
    TextDelta,
    ToolCall,
    build_model,
)

_ASKED = [ChatMessage("user", "Hello?")]


async def _read(model: ScriptedModel, **more: int) -> list[Part]:
    return [part async for part in model.stream(_ASKED, **more)]


def test_a_model_is_built_from_what_a_user_writes() -> None:
    """The embedded one by its name, any other by address and name."""
    assert "SmolLM2" in build_model("embedded").name
    assert build_model("http://127.0.0.1:11434/v1#llama3:8b").name == "llama3:8b"


@pytest.mark.parametrize(
    "spec",
    ["", "gpt", "http://127.0.0.1:1/v1", "http://#m", "ftp://host#m", "http://h:99999/v1#m", "http://h#"],
)
def test_what_names_no_model_is_one_line(spec: str) -> None:
    """That shows how to write it."""
    with pytest.raises(UserError, match="http") as raised:
        build_model(spec)
    assert "\n" not in str(raised.value)


def test_importing_the_models_loads_nothing_heavy() -> None:
    """Neither the HTTP client nor the engine, until a model is started."""
    program = "import sys, backend.models; print(sorted({'httpx', 'xllamacpp', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_script_is_said_in_order_and_its_end_is_clear() -> None:
    """Chunks, calls, the end; then an error that says that the script is used up."""
    call = ToolCall("1", "get_time", {})
    model = ScriptedModel([Scripted(("a", "b")), Scripted(tool_calls=(call,))])
    assert await _read(model) == [TextDelta("a"), TextDelta("b"), Finished("stop")]
    assert await _read(model) == [call, Finished("tool_calls")]
    with pytest.raises(ModelProtocolError, match="2 replies, and this is request 3"):
        await _read(model)


async def test_a_script_can_loop_and_can_depend_on_the_question() -> None:
    """For simulations of any length."""
    looped = ScriptedModel([Scripted(("a",)), Scripted(("b",))], loop=True)
    assert [(await _read(looped))[0] for _ in range(3)] == [TextDelta("a"), TextDelta("b"), TextDelta("a")]
    echo = ScriptedModel(lambda asked: Scripted((asked[-1].content,)))
    assert (await _read(echo))[0] == TextDelta("Hello?")


async def test_a_script_can_fail_after_some_chunks() -> None:
    """As a real stream would; nothing comes after."""
    model = ScriptedModel([Scripted(("a", "b"), error="the weights are gone")])
    parts = model.stream(_ASKED)
    assert [await anext(parts), await anext(parts)] == [TextDelta("a"), TextDelta("b")]
    with pytest.raises(ModelError, match="the weights are gone"):
        await anext(parts)


async def test_delays_go_through_the_sleep_that_is_given() -> None:
    """So that virtual time can drive them; and leaving early is noted."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    model = ScriptedModel([Scripted(("a", "b"), delay=0.5, first_delay=2.0)], sleep=sleep)
    async with aclosing(model.stream(_ASKED)) as parts:  # type: ignore[type-var]  # an async generator behind its protocol
        await anext(parts)
    assert slept == [2.0, 0.5]
    assert model.closed_early == 1

"""The embedded model: the real weights in the real worker process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from backend.models import (
    ChatMessage,
    Finished,
    ModelError,
    ModelUnavailableError,
    Part,
    TextDelta,
    ToolCall,
    ToolSpec,
)
from backend.models.embedded import EmbeddedModel

# One loop for the module: the weights are loaded once, and the model belongs to its loop.
pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

_SYSTEM = ChatMessage("system", "You are Guide, a friendly voice assistant. Answer in one short sentence.")
_CLOCK = ToolSpec(
    "get_time", "Tell the time", {"type": "object", "properties": {}}, ("what time", "the time", "what day")
)
_CALCULATOR = ToolSpec(
    "calculate",
    "Work out an arithmetic expression",
    {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
    ("times", "plus", "minus", "divided by", "multiply", "sum of"),
)
_HAND_OFF = ToolSpec(
    "switch_agent",
    "Hand the user over to another agent",
    {
        "type": "object",
        "properties": {"agent": {"type": "string", "enum": ["guide", "pirate", "support"]}},
        "required": ["agent"],
    },
    ("talk to the pirate", "speak to support", "talk to support", "agent"),
)
_TOOLS = (_CLOCK, _CALCULATOR, _HAND_OFF)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[EmbeddedModel]:
    embedded = EmbeddedModel()
    await embedded.start()
    yield embedded
    await embedded.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endless() -> AsyncIterator[EmbeddedModel]:
    """One whose answers go on for as long as they may."""
    embedded = EmbeddedModel(max_sentences=1_000_000)
    await embedded.start()
    yield embedded
    await embedded.close()


async def _parts(model: EmbeddedModel, *messages: ChatMessage, **more: Any) -> list[Part]:
    return [part async for part in model.stream([_SYSTEM, *messages], **more)]


async def _exhaust(parts: AsyncIterator[Part]) -> None:
    async for _ in parts:
        pass


def _text(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def _worker_pid(model: EmbeddedModel) -> int:
    assert model._worker is not None
    return model._worker.pid


def _runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_an_answer_is_streamed_in_words_and_is_the_same_each_time(model: EmbeddedModel) -> None:
    """Several deltas, one end; greedy by default, so that a demo can be repeated."""
    question = ChatMessage("user", "What is the capital of France?")
    first, second = await _parts(model, question), await _parts(model, question)
    assert "Paris" in _text(first)
    assert _text(second) == _text(first)
    assert sum(isinstance(part, TextDelta) for part in first) > 3
    assert first[-1] == Finished("stop")


async def test_an_answer_ends_after_three_sentences(model: EmbeddedModel) -> None:
    """A story would go on until the token limit; a voice must not."""
    parts = await _parts(model, ChatMessage("user", "Tell me a long story about a fox."), max_tokens=250)
    assert parts[-1] == Finished("stop")
    assert 1 <= sum(_text(parts).count(mark) for mark in ".!?") <= 4


async def test_an_answer_ends_at_its_token_limit(model: EmbeddedModel) -> None:
    """The limit is reported as the reason."""
    parts = await _parts(model, ChatMessage("user", "Tell me a long story about a fox."), max_tokens=5)
    assert parts[-1] == Finished("length")


@pytest.mark.parametrize(
    ("words", "name", "arguments"),
    [
        ("What time is it?", "get_time", {}),
        ("Could you tell me the time please?", "get_time", {}),
        ("What is twelve times seven?", "calculate", "12*7"),
        ("How much is one hundred and five plus forty-two?", "calculate", "105+42"),
        ("What's 3.5 times 2?", "calculate", "3.5*2"),
        ("Calculate 3 times 9 minus 2", "calculate", "3*9-2"),
        ("Please calculate what ninety divided by six is", "calculate", "90/6"),
        ("Talk to the pirate", "switch_agent", {"agent": "pirate"}),
        ("Let me speak to support", "switch_agent", {"agent": "support"}),
        ("Tell me about the moon", None, None),
        ("Many times I wonder why the sky is blue", None, None),
        ("I told you the time of my life was in Rome", None, None),
    ],
)
async def test_the_tool_that_was_asked_for_is_called(
    model: EmbeddedModel, words: str, name: str | None, arguments: Any
) -> None:
    """With the arguments that were said, numbers that were spelt out included; or none is."""
    parts = await _parts(model, ChatMessage("user", words), tools=_TOOLS, max_tokens=8)
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if name is None:
        assert not calls
        assert _text(parts)
        return
    assert [call.name for call in calls] == [name]
    assert parts[-1] == Finished("tool_calls")
    if isinstance(arguments, str):
        assert calls[0].arguments["expression"].replace(" ", "") == arguments
    else:
        assert calls[0].arguments == arguments


@pytest.mark.parametrize(
    "result", ["12 times 7 is 84", "It is 14:05 on Saturday, 21 November 2026, UTC time"]
)
async def test_a_tools_result_is_said_as_it_is(model: EmbeddedModel, result: str) -> None:
    """Every number of it; and no tool is called again because its words are still there."""
    parts = await _parts(
        model,
        ChatMessage("user", "What is twelve times seven?"),
        ChatMessage("assistant", "", tool_calls=(ToolCall("1", "calculate", {"expression": "12 * 7"}),)),
        ChatMessage("tool", result, name="calculate", tool_call_id="1"),
        tools=_TOOLS,
    )
    assert result in _text(parts)
    assert parts[-1] == Finished("stop")


async def test_leaving_early_stops_the_generation_in_the_worker(endless: EmbeddedModel) -> None:
    """The worker uses no more processor time, although it was allowed thousands of tokens."""
    async with aclosing(
        endless.stream([ChatMessage("user", "Tell me a long story.")], max_tokens=3000)  # type: ignore[type-var]  # an async generator behind its protocol
    ) as parts:
        await anext(parts)
    pid = _worker_pid(endless)
    seen = [_cpu_ticks(pid)]

    async def rests() -> bool:
        await asyncio.sleep(0.1)
        seen.append(_cpu_ticks(pid))
        return seen[-1] == seen[-2]

    async with asyncio.timeout(20):  # thousands of tokens would take a minute
        while not await rests():
            pass


async def test_strangers_on_this_machine_are_refused(model: EmbeddedModel) -> None:
    """The worker's port answers only to the key that its parent made up."""
    import httpx

    assert model._worker is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{model._worker.address}/v1/chat/completions", json={"messages": []})
    assert answer.status_code == httpx.codes.UNAUTHORIZED


async def test_a_worker_that_is_killed_is_told_in_one_line_and_replaced(endless: EmbeddedModel) -> None:
    """The answer it was giving fails; the next one comes from a new worker, that ends when it is closed."""
    first = _worker_pid(endless)
    parts = endless.stream([ChatMessage("user", "Tell me a long story.")], max_tokens=2000)
    await anext(parts)
    endless.kill_worker()
    with pytest.raises(ModelUnavailableError, match="SIGKILL") as raised:
        await _exhaust(parts)
    assert "\n" not in str(raised.value)
    assert _text(await _parts(endless, ChatMessage("user", "Hello!"), max_tokens=4))
    second = _worker_pid(endless)
    assert second != first
    await endless.close()
    await endless.close()
    assert not _runs(second)


async def test_weights_that_are_missing_or_none_are_an_error_in_one_line(tmp_path: Path) -> None:
    """And nothing is left running."""
    missing = tmp_path / "none.gguf"
    with pytest.raises(ModelUnavailableError, match=r"no weights at .*none\.gguf"):
        await EmbeddedModel(missing).start()
    missing.write_bytes(b"GGUF but not really")
    broken = EmbeddedModel(missing)
    with pytest.raises(ModelUnavailableError, match="ended with code 1: ") as raised:
        await broken.start()
    assert "\n" not in str(raised.value)
    assert broken._worker is None


async def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to type."""
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install"):
        await EmbeddedModel().start()


async def test_the_worker_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    """By kill -9, which no handler sees."""
    program = (
        "import asyncio\n"
        "from backend.models.embedded import EmbeddedModel\n"
        "async def main():\n"
        "    model = EmbeddedModel()\n"
        "    await model.start()\n"
        "    print(model._worker.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    worker = int(await parent.stdout.readline())
    assert _runs(worker)
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(20):
        while _runs(worker):  # noqa: ASYNC110 - another process's end gives no event here
            await asyncio.sleep(0.02)

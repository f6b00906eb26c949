"""Simulated runs: schedules a second beside `detangle`, and what a conversation of half a minute takes.

The same programs, each under random schedules, in turns with the peer's so that both see the same machine.
CPU time. `detangle` is no dependency: where it is not installed, its column is missing. It is asked through
its public `explore`; ours makes a tape of every run, with timers that may be late, which are choices, too.
"""

from __future__ import annotations

import asyncio
import importlib
import statistics
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from loguru import logger

from backend.models import Scripted, ScriptedModel
from backend.simulation import AtRandom, Run, simulate
from tests.bench.simulation_promises import promises
from tests.support.assistant import FakeVoice, assistant

Program = Callable[[], Coroutine[Any, Any, Any]]
_ROUNDS = 7
_RUNS = 100
_VIRTUAL_SECONDS = 30.0


async def lost_update() -> int:
    """Four tasks read, wait and write: 18 steps."""
    box = [0]

    async def add() -> None:
        value = box[0]
        await asyncio.sleep(0.001)
        box[0] = value + 1

    await asyncio.gather(*(add() for _ in range(4)))
    return box[0]


async def bounded_queue() -> int:
    """Three producers, two consumers, a queue of two: about 50 steps."""
    queue: asyncio.Queue[int] = asyncio.Queue(2)
    got: list[int] = []

    async def produce() -> None:
        for number in range(5):
            await queue.put(number)

    async def consume() -> None:
        while True:
            got.append(await queue.get())
            queue.task_done()

    consumers = [asyncio.create_task(consume()) for _ in range(2)]
    await asyncio.gather(*(produce() for _ in range(3)))
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)
    return len(got)


async def barge_ins() -> int:
    """A voice that is interrupted ten times: mailboxes, timeouts, cancelled tasks: about 300 steps."""
    boxes: dict[str, asyncio.Queue[int]] = {name: asyncio.Queue() for name in ("text", "voice", "sound")}
    played = 0

    async def hand_on(name: str, to: str) -> None:
        while True:
            number = await boxes[name].get()
            await asyncio.sleep(0.001)
            boxes[to].put_nowait(number)

    async def play() -> None:
        nonlocal played
        while True:
            await boxes["sound"].get()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.002):
                    await asyncio.sleep(0.003)
            played += 1

    async def speak(turn: int) -> None:
        for _ in range(20):
            boxes["text"].put_nowait(turn)
            await asyncio.sleep(0.002)

    workers = [
        asyncio.create_task(work) for work in (hand_on("text", "voice"), hand_on("voice", "sound"), play())
    ]
    for turn in range(10):
        speaking = asyncio.create_task(speak(turn))
        await asyncio.sleep(0.007)
        speaking.cancel()
        with suppress(asyncio.CancelledError):
            await speaking
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return played


async def conversation() -> float:
    """The assistant itself, with a scripted model and voice, until half a minute is over."""
    story = tuple(f"Sentence number {number} is told. " for number in range(8))
    model = ScriptedModel([Scripted(story, delay=0.05, first_delay=0.3)], loop=True)
    loop = asyncio.get_running_loop()
    async with assistant(model, voice=FakeVoice(0.02), pace=1.0) as rig:
        while loop.time() < _VIRTUAL_SECONDS:
            turn = rig.session.user.say("a story")
            await rig.speaks(turn)
            await asyncio.sleep(4)
            await rig.say("stop that")
    return loop.time()


def _ours(program: Program) -> None:
    strategy = AtRandom(1)
    for _ in range(_RUNS):
        simulate(program, strategy).result()


def _peers() -> Callable[[Program], None] | None:
    try:
        peer = importlib.import_module("detangle")
    except ImportError:
        return None

    def run(program: Program) -> None:
        peer.explore(program, runs=_RUNS, strategy="random", seed=1)

    return run


def _peers_once(program: Program, seed: int) -> Any:
    peer = importlib.import_module("detangle")
    try:
        return peer.run(program, seed=seed)
    except Exception as error:  # noqa: BLE001 - whatever it tells is no result
        return repr(error)


def _cpu(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = act()
    return time.process_time() - began, result


def report() -> None:
    """Print the figures."""
    peer = _peers()
    for program in (lost_update, bounded_queue, barge_ins):
        ours: list[float] = []
        theirs: list[float] = []
        _ours(program)
        for _ in range(_ROUNDS):
            ours.append(_cpu(lambda program=program: _ours(program))[0])  # type: ignore[misc]
            if peer is not None:
                theirs.append(_cpu(lambda program=program: peer(program))[0])  # type: ignore[misc]
        mine = _RUNS / statistics.median(ours)
        told = f"simulation  {program.__name__:<14}{mine:7.0f} schedules/s"
        if peer is not None:
            other = _RUNS / statistics.median(theirs)
            told += f"; detangle {other:7.0f}, so {mine / other:.2f} times as many"
        print(told)
    print(f"simulation  ours: {promises(lambda program, seed: simulate(program, AtRandom(seed)).value)}")
    if peer is not None:
        print(f"simulation  detangle: {promises(_peers_once)}")
    else:
        print("simulation  detangle is not installed here: nothing to compare with")
    logger.disable("backend")
    try:
        _conversation()
    finally:
        logger.enable("backend")


def _conversation() -> None:
    times: list[float] = []
    run: Run[float] = simulate(conversation)
    for seed in range(5):
        took, run = _cpu(lambda seed=seed: simulate(conversation, AtRandom(seed)))  # type: ignore[misc]
        times.append(took / run.result() * _VIRTUAL_SECONDS)
    print(
        f"simulation  conversation  {_VIRTUAL_SECONDS:g} s take {statistics.median(times) * 1e3:.0f} ms "
        f"(target 300), {run.steps} steps, a tape of {len(run.tape)} choices in {len(run.tape.encode())} B"
    )

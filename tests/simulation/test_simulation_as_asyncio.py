"""The plain schedule is asyncio's: the same programs do the same things in the same order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.simulation import AtRandom, Outcome, Settings, simulate
from backend.simulation.agenda import Agenda
from backend.simulation.handles import CALLBACK
from tests.simulation.programs import PROGRAMS, Log, Program
from tests.support.examples import tried


def really(program: Program) -> list[object]:
    """What it does on asyncio's own loop."""
    log: list[object] = []
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(program(log.append))
    return log


def simulated(program: Program, **more: Any) -> list[object]:
    """What it does in a simulation, as it comes."""
    log: list[object] = []

    async def main() -> None:
        await program(log.append)

    run = simulate(main, **more)
    assert run.outcome is Outcome.RETURNED, run.error
    assert run.unhandled == ()
    return log


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_plain_schedule_is_asyncios(name: str) -> None:
    """Tasks, timers, queues, locks, groups, timeouts, generators, contexts, threads: effect by effect."""
    assert simulated(PROGRAMS[name]) == really(PROGRAMS[name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_thorough_look_changes_nothing(name: str) -> None:
    """Where nothing escapes, looking at each call of a C function has no effect."""
    assert simulated(PROGRAMS[name], settings=Settings(thorough=True)) == simulated(PROGRAMS[name])


# --- programs nobody has thought of -----------------------------------------------------

_TASKS = 4
_STEPS = st.sampled_from(
    ["turn", "put", "get", "set", "wait", "lock", "cancel 0", "cancel 1", "call", "spawn", "fail", "shield"]
)
_SCRIPTS = st.lists(st.lists(_STEPS, max_size=6), min_size=1, max_size=_TASKS)


class Scripted:
    """Tasks that do as they are told. Whatever they wait for, the main one brings it in the end."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.queue: asyncio.Queue[int] = asyncio.Queue()
        self.event, self.lock = asyncio.Event(), asyncio.Lock()
        self.tasks: list[asyncio.Task[None]] = []

    async def main(self, scripts: list[list[str]]) -> None:
        self.tasks += [
            asyncio.create_task(self.work(number, script)) for number, script in enumerate(scripts)
        ]
        for _ in range(3):
            await asyncio.sleep(0)
        self.event.set()
        for _ in range(6 * _TASKS):
            self.queue.put_nowait(-1)
        while any(not task.done() for task in self.tasks):
            with suppress(asyncio.CancelledError):
                await asyncio.wait(self.tasks)
        self.log("end")

    async def work(self, number: int, script: list[str]) -> None:
        try:
            for step in script:
                self.log((number, step))
                await self.do(number, step)
        except (asyncio.CancelledError, ValueError) as error:
            self.log((number, type(error).__name__))
            await asyncio.sleep(0)
            self.log((number, "ends"))

    async def do(self, number: int, step: str) -> None:
        match step.split():
            case ["turn"]:
                await asyncio.sleep(0)
            case ["shield"]:
                await asyncio.shield(asyncio.sleep(0))
            case ["put"]:
                await self.queue.put(number)
            case ["get"]:
                self.log((number, await self.queue.get()))
            case ["set"]:
                self.event.set()
            case ["wait"]:
                await self.event.wait()
            case ["cancel", which]:
                self.tasks[int(which) % len(self.tasks)].cancel()
            case _:
                await self.do_more(number, step)

    async def do_more(self, number: int, step: str) -> None:
        match step:
            case "lock":
                await self.locked(number)
            case "spawn":
                self.tasks.append(asyncio.create_task(self.locked(number)))
            case "call":
                asyncio.get_running_loop().call_soon(self.log, (number, "called"))
            case "fail":
                await asyncio.sleep(0)
                raise ValueError

    async def locked(self, number: int) -> None:
        async with self.lock:
            self.log((number, "locked"))
            await asyncio.sleep(0)


def scripted(scripts: list[list[str]]) -> Program:
    return lambda log: Scripted(log).main(scripts)


@given(_SCRIPTS)
@tried(150)
def test_any_program_runs_as_on_asyncio(scripts: list[list[str]]) -> None:
    """Tasks that wait, wake, cancel, fail and spawn: the plain schedule is what asyncio does."""
    assert simulated(scripted(scripts)) == really(scripted(scripts))


@given(_SCRIPTS, st.integers(0, 2**32))
@tried(60)
def test_the_count_of_hindrances_is_right(scripts: list[list[str]], seed: int) -> None:
    """The agenda looks through what is ready only if its count says so: callbacks and cancelled ones."""
    choose = Agenda._choose

    def checked(agenda: Agenda) -> int:
        counted = sum((handle.kind is CALLBACK) + handle.cancelled() for handle in agenda.ready)
        assert agenda.hindrances == counted
        return choose(agenda)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Agenda, "_choose", checked)
        simulated(scripted(scripts), strategy=AtRandom(seed))
        for program in (PROGRAMS["timeouts_cut_short"], PROGRAMS["timers_fire_in_order"]):
            simulated(program, strategy=AtRandom(seed))

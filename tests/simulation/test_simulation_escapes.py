"""What leaves the simulation is refused and named, with its line, even if the program catches the error."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic as bound_monotonic
from time import sleep as bound_sleep
from typing import Any

import pytest

from backend.simulation import EPOCH_NS, EscapeError, Outcome, Run, Settings, simulate


def escaping(act: Callable[[], Any], **more: Any) -> Run[None]:
    async def main() -> None:
        await asyncio.sleep(0)
        with suppress(Exception):
            act()  # the line
        await asyncio.sleep(1)

    return simulate(main, **more)


SYNCHRONOUS: dict[str, Callable[[], Any]] = {
    "time.sleep": lambda: time.sleep(0.1),
    "socket.": lambda: socket.create_connection(("127.0.0.1", 9)),
    "subprocess.Popen": lambda: subprocess.run(["true"], check=False),
    "os.system": lambda: os.system("true"),  # noqa: S605 - refused
    "os.fork": os.fork,
    "a thread": threading.Thread(target=print).start,
    "input()": input,
    "sys.stdin.read": lambda: sys.stdin.read(),  # noqa: PLW0108 - what it is then
    "reading sys.stdin": lambda: list(sys.stdin),
    "reading stdin": lambda: open("/dev/stdin"),  # noqa: PTH123, SIM115 - refused
    "signal.signal": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "loop.add_signal_handler": lambda: asyncio.get_running_loop().add_signal_handler(signal.SIGINT, print),
    "loop.add_reader": lambda: asyncio.get_running_loop().add_reader(0, print),
    "socket.__new__": socket.socketpair,
}


@pytest.mark.parametrize("what", SYNCHRONOUS)
def test_a_call_that_escapes_is_named_with_its_line(what: str) -> None:
    """The run ends there, though the program catches everything."""
    run = escaping(SYNCHRONOUS[what])
    assert run.outcome is Outcome.ESCAPED
    assert isinstance(run.error, EscapeError)
    assert run.error.escape.what.startswith(what)
    assert run.error.escape.task == "main"
    assert "test_simulation_escapes.py:" in run.error.escape.where
    assert run.seconds == 0


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("loop.create_connection", lambda: asyncio.open_connection("127.0.0.1", 9)),
        ("loop.create_server", lambda: asyncio.start_server(print, "127.0.0.1", 0)),
        ("loop.subprocess_exec", lambda: asyncio.create_subprocess_exec("true")),
        ("loop.subprocess_shell", lambda: asyncio.create_subprocess_shell("true")),
        ("loop.getaddrinfo", lambda: asyncio.get_running_loop().getaddrinfo("localhost", 80)),
    ],
)
def test_real_input_and_output_of_asyncio_is_named(what: str, call: Callable[[], Any]) -> None:
    """By the method of the loop, and the program's line in a background task that nobody looks at."""

    async def main() -> None:
        async def background() -> None:
            await call()

        task = asyncio.create_task(background(), name="background")
        await asyncio.sleep(5)
        task.cancel()

    run = simulate(main)
    assert isinstance(run.error, EscapeError)
    assert (run.error.escape.what, run.error.escape.task) == (what, "background")


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("time.monotonic", bound_monotonic),
        ("time.sleep", lambda: bound_sleep(0.001)),
        ("datetime.now", dt.datetime.now),
        ("datetime.now", lambda: dt.datetime.now(dt.UTC)),
        ("date.today", dt.date.today),
    ],
)
def test_a_clock_that_was_bound_before_is_seen_by_the_thorough_look(
    what: str, call: Callable[[], Any]
) -> None:
    """Nothing can be put in its place, but its call is seen."""
    run = escaping(call, settings=Settings(thorough=True))
    assert isinstance(run.error, EscapeError)
    assert run.error.escape.what == f"{what} itself, bound before the run,"


def test_time_that_is_looked_up_is_virtual() -> None:
    """All of `time` tells the loop's time; the wall clock begins where every run's does."""

    async def main() -> None:
        before = (time.monotonic(), time.perf_counter_ns(), time.time_ns())
        await asyncio.sleep(90)
        assert time.monotonic() - before[0] == 90
        assert time.perf_counter_ns() - before[1] == 90 * 10**9
        assert time.time_ns() - before[2] == 90 * 10**9
        assert before[2] == EPOCH_NS
        assert time.time() == EPOCH_NS / 1e9 + 90

    simulate(main).result()


def test_random_numbers_come_from_the_seed() -> None:
    """`random`, `secrets`, `uuid`, ``os.urandom``: the same by the same seed; outside, all is as it was."""

    async def main() -> tuple[Any, ...]:
        return random.random(), secrets.token_hex(4), uuid.uuid4(), os.urandom(4), os.getpid()

    random.seed(5)
    expected = random.random()
    random.seed(5)
    runs = [simulate(main, seed=seed).result() for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert all(one != other for one, other in zip(runs[0][:4], runs[2][:4], strict=True))
    assert random.random() == expected


def test_afterwards_the_machine_is_as_it_was() -> None:
    """Whatever happened in the run: clocks, sleep, stdin, threads, executors, profile."""
    names = [(time, "time"), (time, "sleep"), (os, "urandom"), (os, "getpid"), (signal, "signal")]
    before = [getattr(owner, name) for owner, name in names]
    stdin, profile = sys.stdin, sys.getprofile()
    for act in (lambda: time.sleep(1), lambda: None, lambda: sys.exit(3)):
        escaping(act, settings=Settings(thorough=True))
    assert [getattr(owner, name) for owner, name in names] == before
    assert sys.stdin is stdin
    assert sys.getprofile() is profile
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threading.current_thread).result() is not threading.current_thread()


def test_other_threads_keep_the_machine() -> None:
    """A thread that was there before sees real time, may sleep and open sockets, while a run goes on."""
    seen: list[float] = []
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        time.sleep(0.001)
        socket.socket().close()
        seen.append(time.time())
        done.set()

    thread = threading.Thread(target=work)
    thread.start()

    async def main() -> None:
        go.set()
        assert done.wait(10)

    began = time.time()
    simulate(main).result()
    thread.join()
    assert began <= seen[0] <= time.time()


def test_a_call_from_another_thread_is_named() -> None:
    """Who calls into the loop from a thread that nobody simulates comes at a time that no tape has."""
    loops: list[asyncio.AbstractEventLoop] = []
    go, done = threading.Event(), threading.Event()

    def call() -> None:
        go.wait(10)
        with suppress(EscapeError):
            loops[0].call_soon_threadsafe(print)
        done.set()

    thread = threading.Thread(target=call)
    thread.start()

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        go.set()
        done.wait(10)
        await asyncio.sleep(1)

    run = simulate(main)
    thread.join()
    assert isinstance(run.error, EscapeError)
    assert run.error.escape.what == "a call from another thread"


def test_simulations_do_not_nest() -> None:
    """Neither in one another nor in a running loop."""

    async def inner() -> None:
        return None

    async def main() -> None:
        simulate(inner)

    run = simulate(main)
    assert isinstance(run.error, RuntimeError)
    with pytest.raises(RuntimeError, match="outside of a running one"):
        asyncio.run(main())


def test_one_simulation_at_a_time() -> None:
    """What is replaced is the process's: a second one, on another thread, is refused while one goes on."""
    told: list[str] = []
    go, done = threading.Event(), threading.Event()

    async def other() -> None:
        return None

    def second() -> None:
        go.wait(10)
        try:
            simulate(other)
        except RuntimeError as error:
            told.append(str(error))
        done.set()

    thread = threading.Thread(target=second)
    thread.start()

    async def main() -> None:
        go.set()
        assert done.wait(10)

    simulate(main).result()
    thread.join()
    assert told == ["a simulated run goes on already: one at a time in a process"]
    assert simulate(other).clean

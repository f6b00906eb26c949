"""Scenarios that a search is tried on: what they do wrong, and what they cannot, is known of each."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time

from backend.scenarios import Scene, scenario
from backend.tap import Tap, TappedLock


def write(tap: Tap, key: str, value: object) -> None:
    """A component says what a part of its state is now."""
    tap.emit("state_change", "account", state={key: value}, writes=(f"account.{key}",))


@scenario(rule="lost-update")
async def two_deposits_recorded(scene: Scene) -> None:
    """Two deposits, one long after the other; nothing but that keeps them apart."""
    tap, balance, lock = scene.tap, 0, TappedLock(scene.tap, "account")

    async def deposit(delay: float) -> None:
        nonlocal balance
        await asyncio.sleep(delay)
        if scene.buggy:
            await careless()
        else:
            async with lock:
                await careless()

    async def careless() -> None:
        nonlocal balance
        tap.emit("state_read", "account", reads=("account.balance",), state={"balance": balance})
        before = balance
        await asyncio.sleep(0.001)
        balance = before + 1
        write(tap, "balance", balance)

    write(tap, "balance", 0)
    await asyncio.gather(deposit(0.01), deposit(0.3))


@scenario(variants=("fixed",))
async def ordered_unseen(scene: Scene) -> None:
    """The second writes because of the first, by an event that no recording shows."""
    done = asyncio.Event()

    async def first() -> None:
        await asyncio.sleep(0.01)
        write(scene.tap, "owner", "first")
        done.set()

    async def second() -> None:
        await done.wait()
        write(scene.tap, "owner", "second")

    await asyncio.gather(first(), second())


@scenario(variants=("fixed",))
async def either_order(scene: Scene) -> None:
    """Two write, nothing orders them, and nobody minds."""

    async def come(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        write(scene.tap, "owner", name)

    await asyncio.gather(come("first", 0.01), come("second", 0.02))


@scenario(variants=("buggy",))
async def second_must_not_win(scene: Scene) -> None:
    """Two write; who is last must be the one who is later as a rule."""
    owner = ""

    async def come(name: str, delay: float) -> None:
        nonlocal owner
        await asyncio.sleep(delay)
        owner = name
        write(scene.tap, "owner", name)

    await asyncio.gather(come("first", 0.01), come("second", 0.5))
    assert owner == "second", f"{owner} is the owner"


# --- endings ------------------------------------------------------------------------------


@scenario(variants=("buggy",))
async def raises(_scene: Scene) -> None:
    """An error of its own."""
    await asyncio.sleep(0)
    raise KeyError("name")


@scenario(variants=("buggy",))
async def asserts(_scene: Scene) -> None:
    """An assertion that does not hold."""
    await asyncio.sleep(0)
    assert time.time() < 0, f"it is {time.time()}"


@scenario(variants=("buggy",))
async def nobody_looks(_scene: Scene) -> None:
    """A task fails, and nobody asks for its result."""

    async def fail() -> None:
        raise LookupError("gone")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0.001)
    assert task.done()


@scenario(variants=("buggy",))
async def waits_for_ever(_scene: Scene) -> None:
    """Nobody sets it."""
    await asyncio.Event().wait()


@scenario(variants=("buggy",))
async def leaves_a_task(_scene: Scene) -> None:
    """What it began is still running when it returns."""
    asyncio.create_task(asyncio.sleep(60))  # noqa: RUF006 - that is the bug
    await asyncio.sleep(0)


@scenario(variants=("buggy",))
async def sleeps_for_real(_scene: Scene) -> None:
    """Leaves the simulation."""
    time.sleep(0.01)  # noqa: ASYNC251 - that is the bug


@scenario(variants=("fixed",))
async def prints(_scene: Scene) -> None:
    """Says something in each run."""
    print("hello")  # noqa: T201 - that is what it does
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))


# --- what becomes of the processes of a search ----------------------------------------------


@scenario(variants=("buggy",))
async def seldom_wrong(_scene: Scene) -> None:
    """Fails if three come the other way round."""
    came: list[int] = []

    async def come(number: int) -> None:
        await asyncio.sleep(0)
        came.append(number)

    await asyncio.gather(*(come(number) for number in range(3)))
    assert came != [2, 1, 0], "the other way round"


def _elsewhere() -> bool:
    """Whether this is a process of a search, and not the one that the test is in."""
    return multiprocessing.parent_process() is not None


@scenario(variants=("fixed",))
async def dies_elsewhere(_scene: Scene) -> None:
    """Takes its process with it."""
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    if _elsewhere():
        os._exit(3)


@scenario(variants=("fixed",))
async def hangs_elsewhere(_scene: Scene) -> None:
    """Is stuck in a C function, where no watchdog reaches it."""
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    if _elsewhere():
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        stuck = threading.Lock()
        stuck.acquire()
        stuck.acquire()

"""Small programs with known bugs: what shrinking, saving and exploring are tried on."""

from __future__ import annotations

import asyncio

from backend.scenarios import Played, Scenario, Scene, scenario
from backend.tap import watch


@scenario(variants=("fixed", "buggy"))
async def two_deposits(scene: Scene) -> None:
    """Two deposits read the balance, then write it."""
    balance = 0
    lock = asyncio.Lock()

    async def deposit(delay: float) -> None:
        nonlocal balance
        await asyncio.sleep(delay)
        async with lock:
            before = balance
            await asyncio.sleep(0)
            balance = before + 1

    async def careless(delay: float) -> None:
        nonlocal balance
        await asyncio.sleep(delay)
        before = balance
        await asyncio.sleep(0)
        balance = before + 1

    work = careless if scene.buggy else deposit
    await asyncio.gather(work(0.001), work(0.004), chatter(12))
    assert balance == 2, f"the balance is {balance}"


@scenario(variants=("buggy",))
async def three_in_a_row(scene: Scene) -> None:
    """Goes wrong only if the last of three comes first, and the first last."""
    came: list[int] = []

    async def come(number: int) -> None:
        await asyncio.sleep(0)
        came.append(number)

    await asyncio.gather(*(come(number) for number in range(3)), chatter(6))
    assert came != [2, 1, 0], "they came the other way round"


@scenario(variants=("buggy",))
async def always_wrong(scene: Scene) -> None:
    """Fails however it is run."""
    await chatter(3)
    raise ValueError("as always")


@scenario(variants=("buggy",))
async def wrong_at_once(scene: Scene) -> None:
    """Fails as asyncio runs it; passes where the second of two is first."""
    came: list[int] = []

    async def come(number: int) -> None:
        came.append(number)

    await asyncio.gather(come(1), come(2), chatter(3))
    assert came == [2, 1]


@scenario(rule="lost-update")
async def recorded_deposits(scene: Scene) -> None:
    """The same two deposits, told by a tap: what is lost is seen in the recording alone."""
    lock = asyncio.Lock()

    @watch(scene.tap, track=["balance"])
    class Account:
        balance = 0

        async def deposit(self, delay: float) -> None:
            await asyncio.sleep(delay)
            if not scene.buggy:
                await lock.acquire()
            before = self.balance
            await asyncio.sleep(0)
            self.balance = before + 1
            if not scene.buggy:
                lock.release()

    account = Account()
    await asyncio.gather(account.deposit(0.001), account.deposit(0.004), chatter(6))


async def chatter(times: int) -> None:
    """Others that are busy, and have no part in it."""

    async def talk() -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    await asyncio.gather(talk(), talk())


PROGRAMS: tuple[Scenario, ...] = (two_deposits, three_in_a_row, always_wrong, wrong_at_once)


def fails(played: Played) -> bool:
    """By its own assertion."""
    return isinstance(played.run.error, AssertionError)


def passes(played: Played) -> bool:
    """Nothing at all is wrong."""
    return played.run.clean

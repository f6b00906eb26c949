"""A user's file of scenarios, for those who need one on disk."""

from __future__ import annotations

BANK = '''"""Scenarios of a bank."""
import asyncio

from backend.scenarios import Scene, scenario
from backend.tap import watch


@scenario(rule="lost-update")
async def two_deposits(scene: Scene) -> None:
    """Two deposits on one account."""
    lock = asyncio.Lock()

    @watch(scene.tap, track=["balance"])
    class Account:
        balance = 0

        async def deposit(self, delay):
            await asyncio.sleep(delay)
            if not scene.buggy:
                await lock.acquire()
            before = self.balance
            await asyncio.sleep(0.001)
            self.balance = before + 1
            if not scene.buggy:
                lock.release()

    account = Account()
    await asyncio.gather(account.deposit(0.001), account.deposit(0.004))


@scenario
async def a_quiet_day(scene: Scene) -> None:
    """Nothing happens, in one order."""
    await asyncio.sleep(1)
'''

ROWDY = '''"""Scenarios that misbehave."""
import asyncio
import threading
import time

from backend.scenarios import Scene, scenario
from backend.simulation import Settings


@scenario
async def raises(scene: Scene) -> None:
    raise ValueError("no \\x1b[31mgood")


@scenario
async def waits_for_nobody(scene: Scene) -> None:
    await asyncio.Event().wait()


@scenario
async def leaves_a_task(scene: Scene) -> None:
    asyncio.create_task(asyncio.sleep(9), name="left over")


@scenario
async def prints(scene: Scene) -> None:
    print("a word")
    await asyncio.sleep(0)


@scenario
async def sleeps_for_real(scene: Scene) -> None:
    time.sleep(0.01)


@scenario
async def begins_a_thread(scene: Scene) -> None:
    threading.Thread(target=print).start()


_TIMES = []


@scenario
async def remembers(scene: Scene) -> None:
    await asyncio.sleep(0)
    _TIMES.append(1)
    assert len(_TIMES) > 1, "the first time only"


@scenario(settings=Settings(patience=0.2))
async def never_awaits(scene: Scene) -> None:
    while True:
        pass


@scenario(settings=Settings(steps=500))
async def goes_round(scene: Scene) -> None:
    while True:
        await asyncio.sleep(0)
'''

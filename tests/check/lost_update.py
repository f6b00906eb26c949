"""A program with a real lost update, recorded by the tap, and the same one mended."""

from __future__ import annotations

import asyncio
from pathlib import Path

from backend.tap import Recorder, Tap, TappedLock, watch


def record(path: Path, *, locked: bool) -> Path:
    """Two deposits at once; with a lock over each, or none."""

    async def program() -> None:
        async with Tap("bank", sinks=(Recorder(str(path)),)) as tap:
            lock = TappedLock(tap, "balance")

            @watch(tap, track=["balance"])
            class Account:
                def __init__(self) -> None:
                    self.balance = 0

                async def deposit(self, amount: int) -> None:
                    if not locked:
                        await self.put(amount)
                        return
                    async with lock:
                        await self.put(amount)

                async def put(self, amount: int) -> None:
                    before = self.balance
                    await asyncio.sleep(0)
                    self.balance = before + amount

            account = Account()
            await asyncio.gather(account.deposit(1), account.deposit(1))
            assert account.balance == (2 if locked else 1)

    asyncio.run(program())
    return path

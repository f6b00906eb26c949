"""Scenarios that do what no scenario should; each is tried by its name."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time

from backend.scenarios import Scene, scenario
from backend.simulation import Settings

print("imported")  # noqa: T201 - as users do


@scenario
async def raises(scene: Scene) -> None:
    raise ValueError("no")


@scenario
async def hangs(scene: Scene) -> None:
    await asyncio.Event().wait()


@scenario(settings=Settings(seconds=10))
async def goes_round(scene: Scene) -> None:
    while True:  # noqa: ASYNC110 - as users do
        await asyncio.sleep(1)


@scenario(settings=Settings(patience=0.2))
async def never_awaits(scene: Scene) -> None:
    while True:
        pass


@scenario
async def leaks(scene: Scene) -> None:
    scene.tap.left = asyncio.create_task(asyncio.Event().wait(), name="forgotten")  # type: ignore[attr-defined]


@scenario
async def fails_unseen(scene: Scene) -> None:
    async def fail() -> None:
        raise ValueError("unseen")

    failing = asyncio.create_task(fail())
    await asyncio.sleep(1)
    del failing


@scenario
async def prints(scene: Scene) -> None:
    print("hello")  # noqa: T201 - as users do
    os.write(1, b"past Python\n")


@scenario
async def threads(scene: Scene) -> None:
    threading.Thread(target=print).start()


@scenario
async def connects(scene: Scene) -> None:
    await asyncio.open_connection("127.0.0.1", 1)


@scenario
async def opens_a_socket(scene: Scene) -> None:
    socket.socket()


@scenario
async def sleeps(scene: Scene) -> None:
    try:  # noqa: SIM105 - as users do
        time.sleep(1)  # noqa: ASYNC251 - as users do
    except Exception:  # noqa: BLE001, S110 - as users do
        pass


@scenario
async def starts_a_program(scene: Scene) -> None:
    subprocess.run(["true"], check=False)  # noqa: ASYNC221 - as users do


@scenario
async def exits(scene: Scene) -> None:
    sys.exit(7)

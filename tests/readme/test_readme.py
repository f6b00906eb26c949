"""What the README says can be done, can be done as it says."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from backend.events import Event
from backend.wire.client import EventsReceived
from debugger.sources.feed import Disconnected, FeedSource

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def example() -> str:
    """The only Python block."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    return str(code)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_example_shows_up_on_a_feed_with_its_causes(tmp_path: Path) -> None:
    """Twenty lines of somebody's asyncio code, no bus of ours: tasks, items and messages with causes."""
    code = example()
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    port = free_port()
    script = tmp_path / "kitchen.py"
    script.write_text(code.replace("8765", str(port)))
    root = Path(__file__).parents[2]
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(script), cwd=root, env={"PYTHONPATH": str(root)}
    )
    try:
        events = await collect(port, until="DISH_READY")
    finally:
        program.kill()
        await program.wait()
    ids = {event.id for event in events}
    assert {"task_spawned", "item_put", "item_got", "message_published"} <= {e.event_type for e in events}
    ready = next(event for event in events if event.message_type == "DISH_READY")
    assert ready.component == "cook"
    assert all(event.cause in ids for event in events if event.cause is not None)


async def collect(port: int, until: str) -> list[Event]:
    """The feed's events up to and with a message."""
    events: list[Event] = []
    async for update in FeedSource(f"127.0.0.1:{port}"):
        assert not (isinstance(update, Disconnected) and update.retry_in is None)
        if isinstance(update, EventsReceived):
            events.extend(update.events)
            if any(event.message_type == until for event in events):
                break
    return events


@pytest.mark.parametrize("command", sorted(set(re.findall(r"doubletalk (\w+)", README))))
def test_every_command_it_names_is_there(command: str) -> None:
    """`doubletalk COMMAND --help` explains it."""
    call = [sys.executable, "-m", "debugger.cli", command, "--help"]
    run = subprocess.run(call, check=True, capture_output=True, text=True)
    assert command in run.stdout

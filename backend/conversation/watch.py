"""Waits for a message to be published: a user who acts upon what the assistant is just doing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from backend.events.vocabulary import PUBLISHED
from backend.tap import Batch


@dataclass(frozen=True, slots=True)
class _Wait:
    session_id: str
    turn: int
    message_type: str
    seen: asyncio.Future[None]


class MessageWatch:
    """A sink of the tap. While nobody waits it looks at nothing."""

    def __init__(self) -> None:
        self._waits: list[_Wait] = []

    async def published(self, session_id: str, turn: int, message_type: str) -> None:
        """Wait for the next message of this type in this turn; known some milliseconds after it."""
        wait = _Wait(session_id, turn, message_type, asyncio.get_running_loop().create_future())
        self._waits.append(wait)
        try:
            await wait.seen
        finally:
            self._waits.remove(wait)

    def write(self, batch: Batch) -> None:
        """Look for what is waited for."""
        for wait in self._waits:
            if f'"{wait.message_type}"'.encode() not in batch.jsonl or wait.seen.done():
                continue  # spares decoding nearly every batch
            if any(_meets(event, wait) for event in batch.events):
                wait.seen.set_result(None)

    def close(self) -> None:
        """Nothing is held."""


def _meets(event: object, wait: _Wait) -> bool:
    wanted = (PUBLISHED, wait.message_type, wait.session_id, wait.turn)
    names = ("event_type", "message_type", "session_id", "turn")
    return tuple(getattr(event, name) for name in names) == wanted

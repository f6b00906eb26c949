"""The conversation's history, in SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from backend.assistant.component import Component, SessionInfo
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.bus import Bus
from backend.errors import UserError
from backend.events.messages import AudioOutputComplete, CompleteTranscript, LlmEvent
from backend.tap import Scope, Tap, TappedExecutor

T = TypeVar("T")

_SCHEMA = """
create table if not exists messages (
  id integer primary key,
  session_id text not null,
  user_id text,
  turn integer not null,
  role text not null check (role in ('user', 'assistant')),
  text text not null,
  interrupted integer not null default 0,
  said_at real not null
);
create index if not exists messages_by_session on messages (session_id, turn);
"""


class MemoryStore:
    """One SQLite file for all sessions. Every access runs on one thread of its own."""

    def __init__(self, tap: Tap, path: Path | str = ":memory:") -> None:
        self._path = path
        self._executor = TappedExecutor(tap, max_workers=1)
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.executescript(_SCHEMA)
            self._db.execute("pragma journal_mode = wal")
        except (sqlite3.Error, OSError) as error:
            raise UserError(f"cannot open the conversation memory {path}: {error}") from None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` with the connection, on the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, self._db)

    def look(self) -> Future[object]:
        """Look into the file, after what is queued; unlike `run` it leaves no trace in the record."""
        return ThreadPoolExecutor.submit(self._executor, _look, self._db)

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._executor.shutdown(wait=True)
        self._db.close()


def _look(db: sqlite3.Connection) -> object:
    return db.execute("select 1 from messages limit 1").fetchone()


class DatabaseMemory(Component):
    """Remembers what was said in a session, and recalls it before a turn."""

    NAME = "database_memory"

    def __init__(self, bus: Bus, session: SessionInfo, store: MemoryStore, *, recall_turns: int = 6) -> None:
        self._store = store
        self._recall_turns = recall_turns
        self._counts = {"stored": 0, "recalled": 0}
        self._unwatched: set[asyncio.Task[None]] = set()
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to what either side says."""
        self.port.on(CompleteTranscript, self._on_transcript)
        self.port.on(LlmEvent, self._on_llm_event)
        self.port.on(AudioOutputComplete, self._on_output_complete)

    def get_debug_state(self) -> dict[str, Any]:
        """How much was stored and recalled."""
        return {"session_id": self.session.session_id, **self._counts}

    async def recall(self, scope: Scope) -> tuple[tuple[str, str], ...]:
        """(role, text) of the turns before this one, oldest first.

        What was said in this very turn is left out, whether or not it is stored by now.
        What was published before the call is waited for: else a fast next turn would not
        know the answer to the one before.
        """
        stored = await self.port.caught_up()
        turn = scope.turn or 0
        first = max(1, turn - self._recall_turns)
        query = """
            select role, text from messages
            where session_id = ? and turn < ? and turn >= ? order by turn, id
        """
        values = (self.session.session_id, turn, first)
        rows = await self._store.run(lambda db: db.execute(query, values).fetchall())
        self._counts["recalled"] += len(rows)
        if turn > first:
            self.read(*map(_lines_of, range(first, turn)), after=stored)
        return tuple((role, text) for role, text in rows)

    async def _on_transcript(self, message: CompleteTranscript, scope: Scope) -> None:
        if message.text.strip():
            await self._store_line(scope, "user", message.text)

    async def _on_llm_event(self, message: LlmEvent, scope: Scope) -> None:
        if message.event == "stream_finished" and message.text and message.finish_reason != "tool_calls":
            await self._store_line(scope, "assistant", message.text)

    async def _on_output_complete(self, message: AudioOutputComplete, scope: Scope) -> None:
        if message.interrupted:
            mark = (
                "update messages set interrupted = 1 where session_id = ? and turn = ? and role = 'assistant'"
            )
            values = (self.session.session_id, scope.turn or 0)
            await self._store.run(lambda db: db.execute(mark, values))

    async def _store_line(self, scope: Scope, role: str, text: str) -> None:
        storing = self._store_and_count(scope, role, text)
        if self.guarded(Guard.STORE_IN_TURN):
            await storing
        else:
            unwatched = asyncio.create_task(storing, name=f"store {role} {scope.turn}")
            self._unwatched.add(unwatched)
            unwatched.add_done_callback(self._unwatched.discard)

    async def _store_and_count(self, scope: Scope, role: str, text: str) -> None:
        """One at a time, or the count is wrong: it goes on from what it was before the line was stored."""
        stored = self._counts["stored"]
        self.read("stored")
        insert = """
            insert into messages (session_id, user_id, turn, role, text, said_at) values (?, ?, ?, ?, ?, ?)
        """
        said_at = self.tap.clock.wall_ns() / 1e9
        values = (self.session.session_id, self.session.user_id, scope.turn or 0, role, text, said_at)
        await self.session.conditions.take(Delay.MEMORY_WRITE)
        await self._store.run(lambda db: db.execute(insert, values))
        self._counts["stored"] = stored + 1
        self.wrote("stored", _lines_of(scope.turn or 0))

    async def close(self) -> None:
        """Store what is still to be stored, then unsubscribe."""
        if self._unwatched:
            await asyncio.wait(self._unwatched)
        await super().close()


def _lines_of(turn: int) -> str:
    """What a recall reads and a store writes, as a key: a turn's lines, and not the count of them all."""
    return f"lines_of_turn_{turn}"

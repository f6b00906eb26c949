"""Takes rows of the log into the table of turns, in order, so many at a time as one likes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import ERROR, HANDLED, STATE_READ, SUBSCRIBED, UNSUBSCRIBED
from debugger.analysis.turns.keys import LOOSE, TurnKeys, number_of, runs
from debugger.analysis.turns.payload import milliseconds, payload, words
from debugger.analysis.turns.table import MARK, MARKS, NO_NUMBER, TurnTable
from debugger.log import EventLog

SAID: Final = 240
ANSWERED: Final = 480
"""Characters that are kept of what was said and answered."""

_AGENT: Final = 40
NAME: Final = 120

# What is to be done with a message type: below, its column of `marks`; the rest is read in order.
_MARKED: Final = len(MARKS)
_STREAM, _WORKER, _SPEECH_END, _FAILURE, _CHUNK, _NOTHING = range(_MARKED, _MARKED + 6)
_ROLES: Final = {
    **MARK,
    "LLM_EVENT": _STREAM,
    "TTS_WORKER_COMPLETED": _WORKER,
    "STT_USER_STOPPED_SPEAKING": _SPEECH_END,
    "STT_USER_FINISHED_SPEAKING": _SPEECH_END,
    "CHUNK_RESPONSE": _CHUNK,
}
_READ_ONCE: Final = np.isin(
    np.arange(_NOTHING + 1),
    [
        MARK[name]
        for name in (
            "COMPLETE_TRANSCRIPT",
            "BEGIN_AI_TURN",
            "TTS_SESSION_READY",
            "AUDIO_OUTPUT_COMPLETE",
            "TTS_BOT_FINISHED_SPEAKING",
            "TTS_SESSION_ERROR",
            "COMPONENT_FAILED",
        )
    ],
)
"""Marks whose first event is looked into."""

_FAILURES: Final = (_FAILURE, MARK["TTS_SESSION_ERROR"], MARK["COMPONENT_FAILED"])
_WITNESS: Final = {_CHUNK: "chunk_witness", _STREAM: "stream_witness", _SPEECH_END: "speech_witness"}
_STREAM_KINDS: Final = {
    "llm_stream_complete": "stream_finished",
    "llm_stream_error": "stream_error",
}
_SILENT: Final = (HANDLED, SUBSCRIBED, UNSUBSCRIBED, STATE_READ)
"""Events that repeat a message's name without its happening."""


class Fold:
    """Row after row into `table`. The result is the same however the rows are cut into pieces."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._keys = TurnKeys(log)
        self._by_key: dict[int, int] = {}
        self._latest: dict[int, int] = {}  # of each session
        self._succeeded: list[int] = []
        self._roles: NDArray[np.int64] = np.full(1, _NOTHING, np.int64)
        self.table: Final = TurnTable()
        self._readers: Final[dict[int, Callable[[int, int], None]]] = {
            _CHUNK: self._chunk,
            _STREAM: self._stream,
            _SPEECH_END: self._speech_end,
            _WORKER: self._worker,
            MARK["COMPLETE_TRANSCRIPT"]: self._transcript,
            MARK["BEGIN_AI_TURN"]: self._agent,
            MARK["TTS_SESSION_READY"]: self._agent,
            MARK["AUDIO_OUTPUT_COMPLETE"]: partial(self._played, final=True),
            MARK["TTS_BOT_FINISHED_SPEAKING"]: partial(self._played, final=False),
        }

    def turn_of(self, row: int) -> int | None:
        """The index of the turn that a row belongs to, if it is known yet."""
        return self._by_key.get(int(self._keys.of(row, row + 1)[0]))

    def drop(self, count: int) -> None:
        """Without the first turns: the others' indexes are lower by so many. One that goes on begins anew."""
        self.table.drop(count)
        for turns in (self._by_key, self._latest):
            kept = {key: turn - count for key, turn in turns.items() if turn >= count}
            turns.clear()
            turns.update(kept)

    def take(self, start: int, stop: int) -> NDArray[np.int64]:
        """Take in rows `start` up to `stop`; the indexes of the turns that are not what they were."""
        keys = self._keys.of(start, stop)
        roles = self._roles_of(start, stop)
        turns = self._count(keys, roles, start)
        rows = np.flatnonzero((roles != _NOTHING) & (turns >= 0))
        if len(rows):
            self._mark(rows, turns[rows], roles[rows], start)
        changed = np.append(turns[turns >= 0], np.array(self._succeeded, np.int64))
        self._succeeded.clear()
        return np.unique(changed)

    # --- which rows matter -----------------------------------------------------------------

    def _roles_of(self, start: int, stop: int) -> NDArray[np.int64]:
        messages = self._log.column("message_type")[start:stop]
        names = self._log.interner("message_type")
        known = len(self._roles)
        last = int(messages.max())
        if last >= known:
            more = [_ROLES.get(names.name(number), _NOTHING) for number in range(known, last + 1)]
            self._roles = np.concatenate((self._roles, np.array(more, np.int64)))
        roles: NDArray[np.int64] = self._roles[messages]
        kinds = self._log.column("event_type")[start:stop]
        silent = [number for name in _SILENT if (number := self._log.id_of("event_type", name)) is not None]
        roles[np.isin(kinds, silent)] = _NOTHING
        roles[kinds == self._log.id_of("event_type", ERROR)] = _FAILURE
        return roles

    def _count(self, keys: NDArray[np.int64], roles: NDArray[np.int64], start: int) -> NDArray[np.int64]:
        """The turn of each row, -1 for none; counts events, notes first and last rows."""
        begins, ends = runs(keys)
        distinct, first, inverse = np.unique(keys[begins], return_index=True, return_inverse=True)
        known = self._by_key.get
        numbers = np.array([known(key, -1) for key in distinct.tolist()], np.int64)
        new = np.flatnonzero((numbers < 0) & (distinct >= 0))
        if len(new):
            numbers[new] = self._begin(distinct[new], begins[first[new]], keys, roles, start)
        turns = np.repeat(numbers[inverse], ends - begins)
        table, rows = self.table, np.arange(start, start + len(keys))
        if not len(table):
            return turns
        # A correlation that names no turn counts from the first event that says something of a turn.
        turns[rows < table["first_row"][turns]] = -1
        inside = turns >= 0
        table["events"][: len(table)] += np.bincount(turns[inside], minlength=len(table))
        table["last_row"][turns[inside]] = rows[inside]  # of several, the last stays
        return turns

    def _begin(
        self,
        new: NDArray[np.int64],
        first: NDArray[np.intp],
        keys: NDArray[np.int64],
        roles: NDArray[np.int64],
        start: int,
    ) -> NDArray[np.int64]:
        """The turns of keys not seen before, -1 for those of which nothing says that they are turns."""
        telling = np.flatnonzero((keys >= LOOSE) & (roles != _NOTHING) & (roles != _FAILURE))
        told, at = np.unique(keys[telling], return_index=True)
        where = np.searchsorted(told, new)
        found = np.append(told, -1)[where] == new
        first = np.where(new < LOOSE, first, np.append(telling[at], 0)[where])
        numbers = np.full(len(new), -1, np.int64)
        real = np.flatnonzero((new < LOOSE) | found)
        correlation, session = self._log.column("correlation"), self._log.column("session")
        for one in real[np.argsort(first[real], kind="stable")].tolist():
            key, row = int(new[one]), start + int(first[one])
            number = NO_NUMBER if key >= LOOSE else number_of(key)
            turn = self.table.add(int(session[row]), number, int(correlation[row]), row)
            numbers[one] = self._by_key[key] = turn
            if self._log.forgets:
                self.table.names.append(
                    (
                        words(self._log.name("session", int(session[row])), NAME),
                        words(self._log.name("correlation", int(correlation[row])), NAME),
                    )
                )
            if number != NO_NUMBER:
                self._succeed(turn, int(session[row]), number)
        return numbers

    def _succeed(self, turn: int, session: int, number: int) -> None:
        """Turns of a session follow each other; one that is seen late follows none."""
        before = self._latest.get(session)
        if before is not None:
            if self.table["number"][before] > number:
                return
            self.table["successor"][before] = turn
            self._succeeded.append(before)
        self._latest[session] = turn

    # --- what they say -----------------------------------------------------------------------

    def _mark(
        self, rows: NDArray[np.intp], turns: NDArray[np.int64], roles: NDArray[np.int64], start: int
    ) -> None:
        flat = self.table.marks.reshape(-1)
        places = turns * len(MARKS) + roles
        marked = roles < _MARKED
        fresh = np.flatnonzero(marked)
        fresh = fresh[flat[places[fresh]] < 0]
        flat[places[fresh[::-1]]] = rows[fresh[::-1]] + start  # of several, the first stays
        fresh = fresh[(flat[places[fresh]] == rows[fresh] + start) & _READ_ONCE[roles[fresh]]]
        wanted = np.union1d(fresh, np.flatnonzero(~marked))
        if not len(wanted):
            return
        at = rows[wanted] + start
        kinds = self._log.column("event_type")[at].astype(np.int64)
        who = (kinds << 32) | self._log.column("component")[at]
        for row, turn, role, witness in zip(
            at.tolist(), turns[wanted].tolist(), roles[wanted].tolist(), who.tolist(), strict=True
        ):
            self._read(row, turn, role, witness)

    def _read(self, row: int, turn: int, role: int, witness: int) -> None:
        if role in _WITNESS and not self._first_to_tell(_WITNESS[role], turn, witness):
            return
        if role in _FAILURES:
            self._first("failed_row", turn, row)
        else:
            self._readers[role](row, turn)

    def _first_to_tell(self, column: str, turn: int, witness: int) -> bool:
        witnesses = self.table[column]
        if witnesses[turn] < 0:
            witnesses[turn] = witness
        return bool(witnesses[turn] == witness)

    def _first(self, column: str, turn: int, row: int) -> None:
        rows = self.table[column]
        if rows[turn] < 0:
            rows[turn] = row

    def _speech_end(self, row: int, turn: int) -> None:
        heard = self.table.marks[turn, MARK["COMPLETE_TRANSCRIPT"]]
        if heard < 0 or row < heard:
            self.table["speech_row"][turn] = row

    def _agent(self, row: int, turn: int) -> None:
        agents = self.table.agent
        agents[turn] = agents[turn] or words(payload(self._log, row).agent_id, _AGENT)

    def _transcript(self, row: int, turn: int) -> None:
        told = payload(self._log, row)
        self.table.said[turn] = words(told.text, SAID)
        self.table["since_speech_ns"][turn] = milliseconds(told.since_speech_end_ms)
        if isinstance(told.text, str) and not told.text.strip():
            self._first("cancelled_row", turn, row)

    def _chunk(self, row: int, turn: int) -> None:
        """Text that is handed to the voice: what was answered. The empty last one is no chunk."""
        table, place = self.table, (turn, MARK["CHUNK_RESPONSE"])
        so_far = table.answered[turn]
        if table.marks[place] >= 0 and len(so_far) >= ANSWERED:
            return
        told = payload(self._log, row)
        text = words(told.text, ANSWERED)
        if not text and told.is_final:
            return
        if table.marks[place] < 0:
            table.marks[place] = row
        table.answered[turn] = words(f"{so_far} {text}", ANSWERED)

    def _stream(self, row: int, turn: int) -> None:
        told = payload(self._log, row)
        kind = _STREAM_KINDS.get(told.event, told.event) if isinstance(told.event, str) else None
        if kind == "tool_call":
            self.table["tools"][turn] += 1
        elif kind == "stream_error":
            self._first("failed_row", turn, row)
        elif kind == "stream_cancelled":
            self._first("cancelled_row", turn, row)
        elif kind == "stream_finished" and told.finish_reason != "tool_calls":
            self.table["stream_row"][turn] = row

    def _worker(self, row: int, turn: int) -> None:
        status = payload(self._log, row).status
        if status == "failed":
            self._first("failed_row", turn, row)
        elif status == "cancelled":
            self._first("cancelled_row", turn, row)

    def _played(self, row: int, turn: int, *, final: bool) -> None:
        told = payload(self._log, row)
        if told.interrupted is True:
            if final or self.table["interrupted_row"][turn] < 0:
                self.table["interrupted_row"][turn] = row
        elif final and told.played == 0 and not isinstance(told.played, bool):
            self._first("cancelled_row", turn, row)
        elif final:
            self._first("ok_row", turn, row)

"""What became of turns, from what was seen of them: status, milestones, stages. On columns."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.turns.records import MILESTONES, STATUSES
from debugger.analysis.turns.table import MARK, TurnTable
from debugger.log import EventLog

Int = NDArray[np.int64]

OPEN, OK, INTERRUPTED, FAILED, CANCELLED = range(len(STATUSES))
SPEECH, TRANSCRIPT, TOKEN, CHUNK, READY, AUDIO, END = range(len(MILESTONES))
NEVER: Final = -1
"""In rows and durations: the log does not have it."""

_FAR: Final = 2**63 - 1
_TELLING: Final = (
    "LLM_RAW_CHUNK",
    "CHUNK_RESPONSE",
    "CHUNK_AVAILABLE",
    "TTS_SESSION_READY",
    "TTS_BOT_STARTED_SPEAKING",
    "AUDIO_PLAYING",
    "AUDIO_OUTPUT_COMPLETE",
    "TTS_BOT_FINISHED_SPEAKING",
    "TTS_AUDIO_CHUNK",
)


class Known(NamedTuple):
    """Which messages the log has at all: a producer without the best sign of a milestone has a lesser one."""

    types: frozenset[str]

    @classmethod
    def of(cls, log: EventLog) -> Known:
        """As of now."""
        return cls(frozenset(name for name in _TELLING if log.id_of("message_type", name) is not None))


class Resolved(NamedTuple):
    """One entry a turn. ``rows``, ``times`` and ``stages`` have a column a milestone; see `NEVER`.

    ``stages`` is the wait for each milestone, ``since`` which one it is counted from. ``total`` is `NEVER`
    where it cannot be told; ``base`` says from which milestone it counts.
    """

    status: NDArray[np.uint8]
    status_row: Int
    rows: Int
    times: Int
    stages: Int
    since: NDArray[np.int8]
    total: Int
    base: NDArray[np.int8]
    suspect: NDArray[np.bool_]


def resolve(log: EventLog, table: TurnTable, turns: Int, known: Known, before: Resolved) -> Resolved:
    """What became of some turns. Of rows that are forgotten the times are those of `before`."""
    status, status_row = _statuses(table, turns, known)
    rows = _rows(table, turns, known)
    rows[:, END] = _or(rows[:, END], np.where(np.isin(status, (FAILED, CANCELLED)), status_row, NEVER))
    clock, first = log.column("timestamp_ns"), log.first_row
    times = np.where(rows >= first, clock[rows], NEVER)
    if first:
        same = (rows >= 0) & (rows < first) & (rows == before.rows[turns])
        times[same] = before.times[turns][same]
        rows[(rows < first) & ~same] = NEVER
    suspect = _backwards(rows, times)
    since_speech = table["since_speech_ns"][turns]
    told = (since_speech > 0) & (rows[:, TRANSCRIPT] >= 0)
    rows[told, SPEECH] = rows[told, TRANSCRIPT]
    times[told, SPEECH] = times[told, TRANSCRIPT] - since_speech[told]
    return Resolved(status, status_row, rows, times, *_durations(rows, times, suspect), suspect)


def _statuses(table: TurnTable, turns: Int, known: Known) -> tuple[NDArray[np.uint8], Int]:
    failed, ok = table["failed_row"][turns], table["ok_row"][turns]
    interrupted, cancelled = table["interrupted_row"][turns], table["cancelled_row"][turns]
    if "AUDIO_OUTPUT_COMPLETE" not in known.types:
        finished = table.marks[turns, MARK["TTS_BOT_FINISHED_SPEAKING"]]
        ok = np.where(interrupted >= 0, ok, _or(ok, finished))
        if "TTS_BOT_FINISHED_SPEAKING" not in known.types and "TTS_AUDIO_CHUNK" not in known.types:
            ok = _or(ok, table["stream_row"][turns])  # a conversation in writing ends with its text
    successor = table["successor"][turns]
    superseded = np.where(successor >= 0, table["first_row"][successor], NEVER)
    if not {"AUDIO_OUTPUT_COMPLETE", "TTS_BOT_FINISHED_SPEAKING"} & known.types:
        # Nothing in this log tells ends: the next turn is one, and no sign of an interruption.
        ok = _or(ok, superseded)
    status = np.select(
        [(failed >= 0) & (ok <= failed), interrupted >= 0, ok >= 0, cancelled >= 0, superseded >= 0],
        [FAILED, INTERRUPTED, OK, CANCELLED, CANCELLED],
        OPEN,
    ).astype(np.uint8)
    rows = np.select(
        [status == FAILED, status == INTERRUPTED, status == OK, status == CANCELLED],
        [failed, interrupted, ok, _or(cancelled, superseded)],
        NEVER,
    )
    return status, rows


def _rows(table: TurnTable, turns: Int, known: Known) -> Int:
    marks = table.marks[turns]

    def mark(name: str) -> Int:
        return marks[:, MARK[name]]

    token, chunk, audio = mark("LLM_RAW_CHUNK"), mark("CHUNK_RESPONSE"), mark("TTS_BOT_STARTED_SPEAKING")
    if "LLM_RAW_CHUNK" not in known.types:
        token = mark("TEXT_CHUNK")
    if "CHUNK_RESPONSE" not in known.types:
        chunk = mark("CHUNK_AVAILABLE" if "CHUNK_AVAILABLE" in known.types else "TEXT_CHUNK")
    audio = _or(audio, mark("AUDIO_PLAYING"))
    if not {"TTS_BOT_STARTED_SPEAKING", "AUDIO_PLAYING"} & known.types:
        audio = mark("TTS_AUDIO_CHUNK")
    session, connection = mark("TTS_SESSION_READY"), mark("TTS_CONNECTION_READY")
    ready = np.maximum(session, connection)
    if "TTS_SESSION_READY" in known.types:
        ready = np.where(session >= 0, ready, NEVER)  # a connection alone may take no text
    end = _or(mark("AUDIO_OUTPUT_COMPLETE"), mark("TTS_BOT_FINISHED_SPEAKING"))
    columns = [table["speech_row"][turns], mark("COMPLETE_TRANSCRIPT"), token, chunk, ready, audio, end]
    return np.stack(columns, axis=1)


def _or(rows: Int, otherwise: Any) -> Int:
    return np.where(rows >= 0, rows, otherwise)


def _backwards(rows: Int, times: Int) -> NDArray[np.bool_]:
    """Where a later row is earlier by the clock."""
    order = np.argsort(np.where(rows >= 0, rows, _FAR), axis=1, kind="stable")
    ordered = np.take_along_axis(np.where(rows >= 0, times, _FAR), order, axis=1)
    return np.asarray((ordered[:, 1:] < ordered[:, :-1]).any(axis=1))


def _durations(
    rows: Int, times: Int, suspect: NDArray[np.bool_]
) -> tuple[Int, NDArray[np.int8], Int, NDArray[np.int8]]:
    """Stages, what each counts from, the total, what it counts from."""
    there = (rows >= 0) & ~suspect[:, np.newaxis]
    base = np.where(there[:, SPEECH], SPEECH, TRANSCRIPT).astype(np.int8)
    start = np.take_along_axis(times, base[:, np.newaxis].astype(np.int64), axis=1)
    begun = there[:, SPEECH] | there[:, TRANSCRIPT]
    # What was there before the user was done cost nothing.
    counts = there & ((times >= start) | ~begun[:, np.newaxis])
    order = np.argsort(np.where(counts, times, _FAR), axis=1, kind="stable")
    ordered = np.take_along_axis(times, order, axis=1)
    both = np.take_along_axis(counts, order, axis=1)
    waits = np.where(both[:, 1:] & both[:, :-1], ordered[:, 1:] - ordered[:, :-1], NEVER)
    stages = np.full(rows.shape, NEVER, np.int64)
    np.put_along_axis(stages, order[:, 1:], waits, axis=1)
    since = np.full(rows.shape, NEVER, np.int8)
    np.put_along_axis(since, order[:, 1:], np.where(waits >= 0, order[:, :-1], NEVER).astype(np.int8), axis=1)
    total = np.where(counts[:, AUDIO] & begun, times[:, AUDIO] - start[:, 0], NEVER)
    return stages, since, total, base

"""What keeps the assistant right: each guard against one race, by name, and what comes of its absence.

All guards are on. Taking one away (``--without NAME``) puts a bug of real programs into the
assistant, so that a recording of the race can be made: a check or an ``await`` that was forgotten,
a state written without a look, work that is done later than it was meant to be. Each guard is asked
for at exactly one place of the code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from backend.errors import UserError


@unique
class Guard(StrEnum):
    """The guards by name."""

    TEXT_AFTER_READY = "text-after-ready"
    CURRENT_WORKER_ONLY = "current-worker-only"
    OLD_WORKER_FIRST = "old-worker-first"
    OWN_CLEANUP_ONLY = "own-cleanup-only"
    OLD_STREAM_FIRST = "old-stream-first"
    CONFIG_OF_THE_TURN = "config-of-the-turn"
    LISTED_EDGES_ONLY = "listed-edges-only"
    PLAY_TO_THE_END = "play-to-the-end"
    SILENCE_BEFORE_SOUND = "silence-before-sound"
    CLEAR_AT_TURN_BEGIN = "clear-at-turn-begin"
    ONE_REQUEST_AT_A_TIME = "one-request-at-a-time"
    WORKER_ENDS_ITSELF = "worker-ends-itself"
    PIECES_IN_ORDER = "pieces-in-order"
    STORE_IN_TURN = "store-in-turn"
    FAILURES_HEARD = "failures-heard"
    HISTORY_FIRST = "history-first"


class Kept(Struct, frozen=True):
    """What a guard does, what happens without it, and the rule of the contract that this breaks."""

    does: str
    without: str
    rule: str


GUARDS: Final[Mapping[Guard, Kept]] = MappingProxyType(
    {
        Guard.TEXT_AFTER_READY: Kept(
            "a worker asks for text when its connection and its session are ready",
            "it asks at once, to save a round trip, and may be given text before it can speak",
            "text-before-ready",
        ),
        Guard.CURRENT_WORKER_ONLY: Kept(
            "text is handed to the worker that it was asked for by",
            "it is handed to whoever is the worker now: the new turn speaks the old one's text",
            "stale-worker-chunk",
        ),
        Guard.OLD_WORKER_FIRST: Kept(
            "the next worker is created when the one before is gone",
            "the one before is asked to go, and nobody waits for it",
            "worker-overlap",
        ),
        Guard.OWN_CLEANUP_ONLY: Kept(
            "who cleans up after a worker looks whether it is still that worker's place",
            "a late cleanup takes the next worker away (seen without old-worker-first)",
            "worker-overlap",
        ),
        Guard.OLD_STREAM_FIRST: Kept(
            "the model is asked again when the stream before has ended",
            "the stream before is cancelled, and nobody waits for its end",
            "overlapping-llm-streams",
        ),
        Guard.CONFIG_OF_THE_TURN: Kept(
            "a worker speaks with the agent that its turn began with",
            "it takes the agent of the moment in which its session opens",
            "stale-agent-config",
        ),
        Guard.LISTED_EDGES_ONLY: Kept(
            "a state machine takes the edges of its table only, and who ends a worker looks where it stands",
            "the new state is written whatever the old one was",
            "illegal-transition",
        ),
        Guard.PLAY_TO_THE_END: Kept(
            "playback is complete when the end that the worker announced was played",
            "it is complete when nothing is left to play at the moment",
            "audio-after-complete",
        ),
        Guard.SILENCE_BEFORE_SOUND: Kept(
            "an interruption stops a playback that has not begun yet, too",
            "it stops what plays; what is about to play begins after it",
            "barge-in-ignored",
        ),
        Guard.CLEAR_AT_TURN_BEGIN: Kept(
            "the text queue is cleared when the turn begins",
            "it is cleared by the new worker's first request, with all that came before, the end included",
            "lost-sentinel",
        ),
        Guard.ONE_REQUEST_AT_A_TIME: Kept(
            "a worker asks for the next chunk when it has the one before",
            "it asks one ahead; the queue remembers one request, and forgets the first for the second",
            "unanswered-request",
        ),
        Guard.WORKER_ENDS_ITSELF: Kept(
            "only the worker says that it is gone",
            "the orchestrator says so for one that takes its time, and the worker says it again",
            "duplicate-completion",
        ),
        Guard.PIECES_IN_ORDER: Kept(
            "a worker sends a piece of audio when the one before is sent",
            "each piece is sent by a task of its own",
            "out-of-order-chunks",
        ),
        Guard.STORE_IN_TURN: Kept(
            "the memory stores a line when the one before is stored",
            "each line is stored by a task of its own, which counts from what it read at its beginning",
            "lost-update",
        ),
        Guard.FAILURES_HEARD: Kept(
            "the overseer hears of a handler that raised, and gives the turn up with a word to the user",
            "nobody listens; the turn goes on as if nothing had happened",
            "handler-failed",
        ),
        Guard.HISTORY_FIRST: Kept(
            "the history is recalled before anything is made of it",
            "it is recalled by a task of its own, which is usually over when the context is there",
            "order-race",
        ),
    }
)


def guards_named(names: Iterable[str]) -> frozenset[Guard]:
    """The guards of these names.

    Raises:
        UserError: there is none of a name; the text has the nearest.
    """
    return frozenset(_guard(name.strip()) for name in names)


def _guard(name: str) -> Guard:
    if name in GUARDS:
        return Guard(name)
    near = difflib.get_close_matches(name[:80], list(GUARDS), 1, cutoff=0.5)
    by_rule = [guard for guard, kept in GUARDS.items() if kept.rule == name]
    meant = by_rule or near
    hint = f"did you mean {meant[0]!s}?" if meant else "--list-guards names them"
    raise UserError(f"there is no guard {name[:80]!r}; {hint}")

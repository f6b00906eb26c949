"""Under which conditions a session runs: the guards it does without, and what takes its time.

Ordinarily neither: then nothing here costs a step or changes the order of any two.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from backend.assistant.guards import Guard
from backend.errors import UserError

_LONGEST_MS: Final = 60_000


@unique
class Delay(StrEnum):
    """What a slow network, model or disk would make slow."""

    TTS_CONNECT = "tts_connect"
    TTS_CLOSE = "tts_close"
    TTS_SPEAK = "tts_speak"
    TTS_FIRST_PIECE = "tts_first_piece"
    TEXT_QUEUE = "text_queue"
    LLM_CLOSE = "llm_close"
    AUDIO_OPEN = "audio_open"
    MEMORY_WRITE = "memory_write"
    RETRIEVE = "retrieve"


DELAYS: Final[Mapping[Delay, str]] = MappingProxyType(
    {
        Delay.TTS_CONNECT: "until a worker's voice is connected",
        Delay.TTS_CLOSE: "until a worker's voice session is closed",
        Delay.TTS_SPEAK: "before the first audio of each chunk of text",
        Delay.TTS_FIRST_PIECE: "that a worker's first piece of audio is on its way",
        Delay.TEXT_QUEUE: "that the text queue takes to fetch what it hands out",
        Delay.LLM_CLOSE: "until a cancelled stream of the model is closed",
        Delay.AUDIO_OPEN: "until the sound device is open, before a turn's first piece",
        Delay.MEMORY_WRITE: "that a line of the conversation takes to be stored",
        Delay.RETRIEVE: "that the retrieval of context takes",
    }
)


class Conditions(Struct, frozen=True):
    """``delays`` in milliseconds."""

    without: frozenset[Guard] = frozenset()
    delays: Mapping[Delay, float] = MappingProxyType({})

    def guarded(self, guard: Guard) -> bool:
        """Whether this guard is there."""
        return guard not in self.without

    async def take(self, delay: Delay) -> None:
        """Wait as long as this takes here; does not even yield where that is no time."""
        if millis := self.delays.get(delay):
            await asyncio.sleep(millis / 1000)

    def told(self) -> dict[str, Any]:
        """What is unusual, for the head of a recording; empty if nothing is."""
        told: dict[str, Any] = {}
        if self.without:
            told["without"] = sorted(self.without)
        if self.delays:
            told["delays_ms"] = {str(name): millis for name, millis in sorted(self.delays.items())}
        return told


ORDINARY: Final = Conditions()


def delays_named(delays: Mapping[str, float]) -> dict[Delay, float]:
    """The delays of these names; those of no time are left out.

    Raises:
        UserError: there is none of a name, or it is no time from 0 to 60 000 ms.
    """
    for name, millis in delays.items():
        if name not in DELAYS:
            near = difflib.get_close_matches(name[:80], list(DELAYS), 1, cutoff=0.5)
            hint = f"did you mean {near[0]!s}?" if near else f"there are {', '.join(DELAYS)}"
            raise UserError(f"there is no delay {name[:80]!r}; {hint}")
        if not 0 <= millis <= _LONGEST_MS:
            raise UserError(f"the delay {name} is {millis:g} ms: choose 0 to {_LONGEST_MS}")
    return {Delay(name): millis for name, millis in delays.items() if millis}


def delays_given(options: Iterable[str]) -> dict[str, float]:
    """``NAME=MS`` as typed, each.

    Raises:
        UserError: one is something else.
    """
    given: dict[str, float] = {}
    for option in options:
        name, equals, millis = option.partition("=")
        try:
            given[name.strip()] = float(millis)
        except ValueError:
            equals = ""
        if not equals:
            raise UserError(f"{option[:80]!r} is no delay; write NAME=MS such as tts_connect=300")
    return given

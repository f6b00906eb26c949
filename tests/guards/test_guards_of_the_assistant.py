"""Each guard keeps one race out: without it and with a delay the record shows the race, with it never."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from backend.assistant import Conditions
from backend.assistant.conditions import DELAYS, Delay
from backend.assistant.guards import GUARDS, Guard
from backend.assistant.text_queue import TextQueueManager
from backend.conversation import MessageWatch
from backend.events import Event
from backend.models import Scripted, ScriptedModel, ToolCall
from tests.support.assistant import FakeVoice, assistant
from tests.support.races import SHOWS, worker_taken_away

SHORT = Scripted(("One two three.",))
STORY = Scripted(tuple(f"Sentence number {number} is told. " for number in range(30)), delay=0.005)
TALE = Scripted(STORY.chunks[:2])
HAND_OFF = Scripted(tool_calls=(ToolCall("1", "switch_agent", {"agent": "storyteller"}),))


@dataclass(frozen=True)
class Case:
    """A conversation in which a guard is needed.

    ``cut_in`` is the message of turn 1 upon which turn 2 begins; ``always``: it shows without delay, too.
    """

    guard: Guard
    slow: dict[Delay, float] = field(default_factory=dict)
    replies: tuple[Scripted, ...] = (SHORT, SHORT)
    cut_in: str | None = None
    pace: float = 0.0
    turns: int = 1
    also_without: frozenset[Guard] = frozenset()
    stays: float = 0.0
    always: bool = False

    @property
    def shows(self) -> Callable[[list[Event]], bool]:
        """Whether events show what the guard is against."""
        return worker_taken_away if self.also_without else SHOWS[GUARDS[self.guard].rule]


CASES = (
    Case(Guard.TEXT_AFTER_READY, {Delay.TTS_CONNECT: 80}),
    Case(Guard.CURRENT_WORKER_ONLY, {Delay.TEXT_QUEUE: 80}, cut_in="CHUNK_AVAILABLE"),
    Case(Guard.OLD_WORKER_FIRST, {Delay.TTS_CLOSE: 80}, (STORY, SHORT), cut_in="TTS_AUDIO_CHUNK"),
    Case(
        Guard.OWN_CLEANUP_ONLY,
        {Delay.TTS_CLOSE: 60, Delay.TTS_CONNECT: 10},
        (STORY, Scripted(("One.",), first_delay=0.3)),
        cut_in="TTS_AUDIO_CHUNK",
        also_without=frozenset({Guard.OLD_WORKER_FIRST}),
    ),
    Case(Guard.OLD_STREAM_FIRST, {Delay.LLM_CLOSE: 80}, (STORY, SHORT), cut_in="LLM_RAW_CHUNK"),
    Case(Guard.CONFIG_OF_THE_TURN, {Delay.TTS_CONNECT: 80}, (HAND_OFF, SHORT)),
    Case(Guard.LISTED_EDGES_ONLY, {Delay.TTS_CONNECT: 500}, cut_in="BEGIN_AI_TURN"),
    Case(Guard.PLAY_TO_THE_END, {Delay.TTS_SPEAK: 250}, (TALE,), pace=0.1, stays=0.5),
    Case(Guard.SILENCE_BEFORE_SOUND, {Delay.AUDIO_OPEN: 80}, cut_in="TTS_AUDIO_CHUNK"),
    Case(Guard.CLEAR_AT_TURN_BEGIN, {Delay.TTS_CONNECT: 80}),
    Case(Guard.ONE_REQUEST_AT_A_TIME, always=True),
    Case(Guard.WORKER_ENDS_ITSELF, {Delay.TTS_CLOSE: 300}, (STORY, SHORT), cut_in="TTS_AUDIO_CHUNK"),
    Case(Guard.PIECES_IN_ORDER, {Delay.TTS_FIRST_PIECE: 20}),
    # The memory's thread may be late on a busy machine: the model is later than that, the delay longer still.
    Case(Guard.STORE_IN_TURN, {Delay.MEMORY_WRITE: 700}, (Scripted(("One two three.",), first_delay=0.25),)),
    Case(Guard.HISTORY_FIRST, {Delay.RETRIEVE: 40}, turns=2, always=True),
)


def named(case: Case) -> str:
    return case.guard.value


async def held(case: Case, without: frozenset[Guard], slow: dict[Delay, float]) -> list[Event]:
    """The record of the case's conversation; a turn that does not end is given up after two seconds."""
    model = ScriptedModel(case.replies, loop=True)
    conditions = Conditions(without, slow)
    async with assistant(model, voice=FakeVoice(), pace=case.pace, conditions=conditions) as rig:
        watch = MessageWatch()
        rig.bus.tap.add_sink(watch)
        user = rig.session.user
        turn = user.say("one")
        if case.cut_in is not None:
            async with asyncio.timeout(5):
                await watch.published("s1", turn, case.cut_in)
            turn = user.say("two")
        for _ in range(case.turns - 1):
            await rig.ended(turn)
            turn = user.say("and then?")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await user.turn_ended(turn)
        await asyncio.sleep(case.stays)
    return rig.record.events


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_without_the_guard_the_race_shows(case: Case) -> None:
    """The bug is in and something is slow: the record shows the wrong thing that the rule names."""
    events = await held(case, case.also_without | {case.guard}, case.slow)
    assert case.shows(events)


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_with_all_guards_no_race_shows(case: Case) -> None:
    """The same conversation, as slow: the record shows none of the races."""
    events = await held(case, frozenset(), case.slow)
    assert [rule for rule, shows in SHOWS.items() if shows(events)] == []


@pytest.mark.parametrize("case", [case for case in CASES if not case.always], ids=named)
async def test_a_race_that_is_in_need_not_show(case: Case) -> None:
    """The bug is in and nothing is slow: this run went well, whatever another one would have done."""
    events = await held(case, case.also_without | {case.guard}, {})
    assert not case.shows(events)


async def test_a_request_is_only_lost_to_the_next_while_the_text_is_not_there() -> None:
    """One request ahead does no harm where both are answered at once."""
    case = Case(Guard.ONE_REQUEST_AT_A_TIME, {Delay.TTS_CONNECT: 60})
    events = await held(case, frozenset({case.guard}), case.slow)
    assert not case.shows(events)


@pytest.mark.parametrize("heard", [True, False])
async def test_a_handler_that_raises_is_told_while_somebody_listens(
    heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `failures-heard` the record has the failure and nothing that was done about it."""

    async def fails(_self: object, _message: object, _scope: object) -> None:
        raise ValueError("the queue is upside down")

    monkeypatch.setattr(TextQueueManager, "_on_text", fails)
    case = Case(Guard.FAILURES_HEARD)
    events = await held(case, frozenset() if heard else frozenset({case.guard}), {})
    assert case.shows(events) is not heard


def test_every_guard_has_a_case_or_a_test_of_its_own() -> None:
    """No guard whose absence nothing shows, no rule of the contract without a guard, no delay without use."""
    tried = {case.guard for case in CASES} | {Guard.FAILURES_HEARD}
    assert tried == set(Guard) == set(GUARDS)
    assert {kept.rule for kept in GUARDS.values()} == set(SHOWS)
    assert {delay for case in CASES for delay in case.slow} == set(DELAYS)

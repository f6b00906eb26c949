"""The recordings of races show what their README says, and nothing else."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from backend.assistant.guards import GUARDS, guards_named
from backend.conversation import load_script
from backend.events import Event, decode_line
from tests.support.races import SHOWS, worker_taken_away

RACES = Path(__file__).parents[2] / "docs" / "races"
MAY_SHOW = {
    "worker-overlap-cleanup": {"lost-sentinel"},
    "audio-after-complete": {"duplicate-completion"},
    "stale-worker-chunk": {"unanswered-request"},
}
"""What the same bug brings with it."""


@dataclass(frozen=True)
class Line:
    """A line of recordings.txt."""

    name: str
    conversation: str
    options: tuple[str, ...]

    @property
    def path(self) -> Path:
        suffix = ".jsonl.gz" if "/" in self.name else ".jsonl"
        return RACES / f"{self.name}{suffix}"

    @property
    def rule(self) -> str:
        """The rule it is named after."""
        return self.name.rpartition("/")[2].removesuffix("-cleanup")

    def given(self, option: str) -> list[str]:
        return [value for name, value in zip(self.options, self.options[1:], strict=False) if name == option]


def lines() -> list[Line]:
    text = (RACES / "recordings.txt").read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Line(name, conversation, tuple(options)) for name, conversation, *options in rows]


@cache
def raw(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


@cache
def load(path: Path) -> tuple[Event, ...]:
    return tuple(decode_line(line) for line in raw(path).splitlines())


def named(line: Line) -> str:
    return line.name


@pytest.mark.parametrize("line", lines(), ids=named)
def test_a_recording_of_a_race_is_whole(line: Line) -> None:
    """Gapless, every cause known, begun and ended, small, and tells nothing of the machine it was made on."""
    events = load(line.path)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ids = {event.id for event in events}
    assert [event.id for event in events if event.cause is not None and event.cause not in ids] == []
    assert (events[0].message_type, events[-1].message_type) == ("RECORDING_STARTED", "RECORDING_ENDED")
    received = sorted(str(event.task) for event in events if event.event_type == "message_received")
    assert received == sorted(str(event.task) for event in events if event.event_type == "message_handled")
    assert len(raw(line.path)) < 640_000
    assert re.search(rb"/(home|root|tmp|work|usr|Users)/|localhost|127\.0\.0\.1", raw(line.path)) is None


@pytest.mark.parametrize("line", lines(), ids=named)
def test_a_recording_shows_the_race_it_is_named_after_and_no_other(line: Line) -> None:
    """Manifest ones show their rule's race, and what comes with it; latent and fixed ones show none.

    But for `order-race`, which is a latent one by its nature: two steps, and nothing that orders them.
    """
    shown = {rule for rule, shows in SHOWS.items() if shows(load(line.path))}
    seen = line.name == "latent/order-race" or "/" not in line.name
    wanted = {line.rule} if seen else set()
    assert wanted <= shown <= wanted | MAY_SHOW.get(line.name, set())


@pytest.mark.parametrize("line", lines(), ids=named)
def test_a_recording_says_how_it_was_made(line: Line) -> None:
    """Its head has the guards that were missing, its line's guards are against its rule."""
    without = guards_named(line.given("--without"))
    told = load(line.path)[0].payload()["topology"]
    assert set(told.get("without", ())) == without
    slow = load_script(f"races/{line.conversation}").delays
    slow |= {name: float(millis) for name, _, millis in (d.partition("=") for d in line.given("--delay"))}
    assert told.get("delays_ms", {}) == {name: millis for name, millis in slow.items() if millis}
    wanted = set() if line.name.startswith("fixed/") else {line.rule}
    assert {GUARDS[guard].rule for guard in without} == wanted


def test_every_rule_has_a_race_that_shows_and_one_that_does_not_and_its_conversation_a_fixed_twin() -> None:
    """15 rules; `order-race` is never more than predicted."""
    names = {line.name for line in lines()}
    assert names >= set(SHOWS) - {"order-race"} | {f"latent/{rule}" for rule in SHOWS}
    assert {f"fixed/{line.conversation}" for line in lines()} <= names
    kept = {path.relative_to(RACES).as_posix().partition(".")[0] for path in RACES.rglob("*.jsonl*")}
    assert kept == names


def test_the_late_cleanup_takes_the_new_worker_away() -> None:
    """The second form of worker-overlap, apart from the first."""
    by_name = {line.name: line for line in lines()}
    assert worker_taken_away(load(by_name["worker-overlap-cleanup"].path))
    assert not worker_taken_away(load(by_name["worker-overlap"].path))

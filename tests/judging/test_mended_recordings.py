"""Recordings whose lines were copied or sorted otherwise: the debugger finds in them what `check` finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from debugger.analysis.findings import Finding
from debugger.analysis.ranking import key_of, pair_of
from debugger.checking import Asked as Checked
from debugger.checking import judge_one
from debugger.judging import Elsewhere, Here, Judging
from debugger.log import EventLog
from debugger.sources.file import FileSource
from tests.judging.judgings import ASKED, JUDGED, TODAY, append, file_log, finished, live_log, until

RACE = Path("docs/races/stale-worker-chunk.jsonl").read_bytes().splitlines(keepends=True)
PUT_RIGHT = frozenset({"repeated-events", "disordered-events"})
Found = list[tuple[str, str, str, int, tuple[str, ...]]]


def copied(lines: list[bytes]) -> list[bytes]:
    """Two recorders, of which the second began later."""
    return lines + lines[100:]


def shuffled(lines: list[bytes]) -> list[bytes]:
    """Sorted by something else."""
    return random.Random(3).sample(lines, len(lines))


def both(lines: list[bytes]) -> list[bytes]:
    return copied(shuffled(lines))


@pytest.fixture(params=[copied, shuffled, both])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, EventLog, FileSource]]:
    spoil: Callable[[list[bytes]], list[bytes]] = request.param
    path = tmp_path / "spoilt.jsonl"
    path.write_bytes(b"".join(spoil(RACE)))
    log, source = file_log(path)
    yield path, log, source
    source.close()


def as_check_has_it(path: Path) -> Found:
    rules = JUDGED | PUT_RIGHT
    found = judge_one(Checked((str(path),), TODAY)).findings
    return sorted(
        (one.rule, one.verdict, one.message, one.times, tuple(place.id for place in one.places))
        for one in found
        if one.rule in rules
    )


def shown(log: EventLog, findings: Sequence[Finding]) -> Found:
    return sorted((one.rule, one.verdict, one.message, one.times, tuple(ids(log, one))) for one in findings)


def ids(log: EventLog, finding: Finding) -> list[str]:
    return [str(log.event(row)["id"]) for row in dict.fromkeys((finding.row, *finding.rows))]


@pytest.mark.parametrize("kind", [Here, Elsewhere])
def test_the_same_is_found_at_the_lines_that_are_there(
    kind: type[Here | Elsewhere], opened: tuple[Path, EventLog, FileSource]
) -> None:
    """The same events, told as rows of the log as it is, and that something was put right."""
    path, log, _ = opened
    judging: Judging = kind(log, ASKED)
    try:
        finished(judging, log)
        assert shown(log, judging.found.all) == as_check_has_it(path)
        assert {one.rule for one in judging.found.all} & PUT_RIGHT
    finally:
        judging.stop()


def test_the_story_of_a_finding_leads_over_the_lines_that_are_there(
    opened: tuple[Path, EventLog, FileSource],
) -> None:
    """Either history ends at its own event, though the file may have the two the other way round."""
    _, log, _ = opened
    here = Here(log, ASKED)
    here.finish_all()
    told = [one for one in here.found.all if one.verdict == "violation"]
    assert told
    for finding in told:
        first, second = pair_of(finding)
        story = here.story(key_of(finding))
        assert story is not None
        assert story.second[-1].row == second
        assert first < 0 or story.first[-1].row == first


def test_what_is_appended_to_such_a_recording_is_judged_with_it() -> None:
    """All begins anew."""
    log = EventLog()
    append(log, copied(RACE[:400]))
    here = Here(log, ASKED)
    here.finish_all()
    append(log, RACE[400:])
    here.finish_all()
    whole = live_log(RACE, None)
    sound = Here(whole, ASKED)
    sound.finish_all()
    found = [one for one in here.found.all if one.rule not in PUT_RIGHT]
    assert shown(log, found) == shown(whole, sound.found.all)


def test_nothing_is_mended_while_a_log_is_live() -> None:
    """More may come; a feed tells nothing twice."""
    log = live_log(copied(RACE))
    here = Here(log, ASKED.__class__(TODAY, live=True))
    here.finish(True)
    until(here, lambda: here.whole)
    assert here.upto == len(log)
    assert not {one.rule for one in here.found.all} & PUT_RIGHT

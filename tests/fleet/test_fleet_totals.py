"""Recordings counted as one: what adds up, what is exact, and that the order of adding changes nothing."""

from __future__ import annotations

import json
import random
from itertools import chain, pairwise
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.turns.latency import percentile
from debugger.fleet import durations
from debugger.fleet.durations import Durations
from debugger.fleet.stats import StatsOptions, stats_partition
from tests.support.commands import say

times = st.lists(st.integers(min_value=0, max_value=10**12), max_size=60)
pieces = st.lists(times, min_size=1, max_size=6)


def together(parts: list[list[int]]) -> Durations:
    whole = Durations()
    for part in parts:
        whole.add(Durations.of(part))
    return whole


@given(pieces)
def test_few_durations_are_exact_however_they_are_put_together(parts: list[list[int]]) -> None:
    """Percentiles by nearest rank of all of them."""
    spread = together(parts).spread()
    ordered = sorted(chain.from_iterable(parts))
    assert spread.counted == len(ordered)
    if ordered:
        assert (spread.min_ns, spread.max_ns) == (ordered[0], ordered[-1])
        assert (spread.p50_ns, spread.p95_ns) == (percentile(ordered, 50), percentile(ordered, 95))


@given(pieces, st.integers(min_value=0, max_value=40), st.randoms())
def test_many_are_a_histogram_that_is_the_same_in_any_order(
    parts: list[list[int]], exact: int, chance: random.Random
) -> None:
    """Least, longest and count are exact, percentiles within 3 %."""
    with mock.patch.object(durations, "EXACT", exact):
        whole = together(parts)
        again = parts[:]
        chance.shuffle(again)
        assert together(again).spread() == whole.spread()
        ordered = sorted(chain.from_iterable(parts))
        assert whole.exact == (len(ordered) <= exact)
        if not ordered:
            return
        spread = whole.spread()
        assert (spread.counted, spread.min_ns, spread.max_ns) == (len(ordered), ordered[0], ordered[-1])
        for told, percent in ((spread.p50_ns, 50), (spread.p95_ns, 95)):
            assert told is not None
            wanted = percentile(ordered, percent)
            assert abs(told - wanted) <= 0.03 * wanted + 1


def _total(*paths: Path) -> dict[str, object]:
    said = say("stats", *map(str, paths), "--total", "--json")
    assert said.code == 0
    content: dict[str, object] = json.loads(said.out)["total"]
    return content


def test_the_total_is_the_sum_of_its_recordings(recordings: Path) -> None:
    """Counts, names, sessions; times from the first to the last."""
    names = [recordings / f"b{number}.jsonl" for number in (0, 1, 2)]
    said = json.loads(say("stats", *map(str, names), "--json").out)
    each, total = said["recordings"], said["total"]
    for name in ("events", "turns", "gaps", "missing_events", "broken_lines"):
        assert total[name] == sum(one[name] for one in each)
    for name in ("event_types", "messages"):
        summed: dict[str, int] = {}
        for one in each:
            for key, count in one[name].items():
                summed[key] = summed.get(key, 0) + count
        assert total[name] == summed
        assert list(total[name].values()) == sorted(total[name].values(), reverse=True)
    assert total["recordings"] == len(each)
    assert total["seconds"] == pytest.approx(sum(one["seconds"] for one in each))
    assert total["first_timestamp_ns"] == min(one["first_timestamp_ns"] for one in each)
    values = sorted(chain.from_iterable(one["latency"]["total"]["values_ns"] for one in each))
    assert total["exact"]
    assert total["latency"]["total"]["p95_ns"] == percentile(values, 95)
    handled = {(one["component"], one["message"]): one["count"] for one in total["handlers"]}
    for key, count in handled.items():
        own = [h["count"] for one in each for h in one["handlers"] if (h["component"], h["message"]) == key]
        assert count == sum(own)
    assert all(a["p95_ns"] >= b["p95_ns"] for a, b in pairwise(total["handlers"]))


def test_one_recording_in_two_files_is_counted_as_one_is(recordings: Path, tmp_path: Path) -> None:
    """Its session goes on; handlers that end in the file in which they began have the same times."""
    lines = (recordings / "b1.jsonl").read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines[:half]))
    (tmp_path / "2.jsonl").write_bytes(b"".join(lines[half:]))
    whole, halves = _total(recordings / "b1.jsonl"), _total(tmp_path / "1.jsonl", tmp_path / "2.jsonl")
    for name in ("events", "sources", "sessions", "event_types"):
        assert halves[name] == whole[name]


def test_partitions_add_up_in_their_order() -> None:
    """A part of nothing is nothing."""
    nothing = stats_partition([], StatsOptions())
    missing = stats_partition([("/nowhere.jsonl",)], StatsOptions())
    assert (nothing + missing).recordings == missing.recordings
    assert (nothing + missing).totals is None


def test_what_cannot_be_read_does_not_hide_the_others(recordings: Path) -> None:
    """It is named, with exit code 2; what could be read is counted."""
    paths = [str(recordings / name) for name in ("b0.jsonl", "d-none.jsonl", "gone.jsonl", "b1.jsonl")]
    said = say("stats", *paths)
    assert said.code == 2
    assert said.err.splitlines()[-2:] == [
        f"doubletalk: {paths[1]}: none of the lines is an event; is this a recording?",
        f"doubletalk: {paths[2]}: no such file",
    ]
    heads = [line for line in said.out.splitlines() if line.startswith(("/", "all"))]
    assert heads == [paths[0], paths[3], "all of them"]
    assert "recordings     2" in said.out


def test_only_the_total_is_printed_where_that_is_asked_for(recordings: Path) -> None:
    """For thousands, one table instead of thousands."""
    said = say("stats", str(recordings / "b0.jsonl"), str(recordings / "b1.jsonl"), "--total")
    assert said.code == 0
    assert said.out.startswith("recordings     2\nevents ")
    assert "recordings" not in json.loads(say("stats", str(recordings / "b0.jsonl"), "--total", "--json").out)

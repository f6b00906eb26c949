"""What is predicted are the pairs that can change places: no more, and none less than by a cause of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.conflicts import Clash, Conflicts
from debugger.analysis.order import Order
from debugger.log import EventLog
from tests.analysis.conflicts.conflict_logs import ALL, Swaps, found_in, touched
from tests.analysis.order_programs import append, log_of
from tests.support.examples import tried


@tried(80)
@given(seed=st.integers(0, 10**9), size=st.integers(6, 40), sources=st.integers(1, 2))
def test_a_clash_is_a_pair_that_can_change_places(seed: int, size: int, sources: int) -> None:
    """Each clash happens in both orders in some runs; each such pair is found, or one that it leads to."""
    events = touched(seed, size, 8, sources=sources)
    swaps = Swaps(events)
    clashes: list[Clash] = []
    found_in(log_of(events), limits=ALL, on_clash=clashes.append)
    found = {(clash.first.row, clash.second.row, f"shared.{clash.key}") for clash in clashes}
    wanted = swaps.races()
    assert found <= wanted
    for first, second, key in wanted - found:
        # A later touch that follows the first one stands for it.
        assert any(
            other == second and of == key and swaps.oracle.ordered(first, one) for one, other, of in found
        )


@tried(20)
@given(seed=st.integers(0, 10**9), size=st.integers(6, 80), piece=st.integers(1, 9))
def test_a_log_that_grows_tells_the_same(seed: int, size: int, piece: int) -> None:
    """However a log comes, its races, updates and findings are those of the whole."""
    events = touched(seed, size, 30)
    log = EventLog()
    order = Order(log)
    conflicts = Conflicts(log, order)
    for start in range(0, len(events), piece):
        append(log, events[start : start + piece])
        order.advance(lambda: 0, 1)
        conflicts.advance(lambda: 0, 1)
    assert conflicts.complete
    whole = Conflicts(log, Order(log))  # takes the order along
    whole.take(len(log))
    assert (conflicts.races, conflicts.updates) == (whole.races, whole.updates)
    assert conflicts.counts == whole.counts
    assert conflicts.findings() == whole.findings()


@tried(40)
@given(seed=st.integers(0, 10**9), size=st.integers(6, 60))
def test_folding_leaves_a_cause_for_each_clash(seed: int, size: int) -> None:
    """Every clash is one of a race that is told, or is counted with one; each race is a clash."""
    events = touched(seed, size, 20)
    clashes: list[Clash] = []
    conflicts = found_in(log_of(events), limits=ALL, on_clash=clashes.append)
    races = conflicts.races
    pairs = {(clash.first.segment, clash.second.segment) for clash in clashes}
    told = {(race.first.segment, race.second.segment) for race in races}
    assert told <= pairs
    assert bool(races) == bool(clashes)
    assert sum(race.like + race.covered for race in races) <= conflicts.counts.folded
    assert len(pairs) <= len(races) + conflicts.counts.folded


@tried(12)
@given(seed=st.integers(0, 10**9), piece=st.integers(1, 60), most=st.integers(8, 80))
def test_what_is_forgotten_is_in_no_new_race(seed: int, piece: int, most: int) -> None:
    """Of a log with a bound rows go, some that were never looked at; what is told stays, and it goes on."""
    events = touched(seed, 300, 150)
    log = EventLog(max_rows=most)
    order = Order(log)
    conflicts = Conflicts(log, order)
    told: set[tuple[int, int]] = set()
    for start in range(0, len(events), piece):
        append(log, events[start : start + piece])
        conflicts.take(len(log))
        assert conflicts.complete
        now = {(race.first.row, race.second.row) for race in conflicts.races}
        assert told <= now
        assert all(min(rows) >= log.first_row for rows in now - told)
        assert all(finding.message for finding in conflicts.findings())
        told = now

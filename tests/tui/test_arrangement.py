"""Panes fill the screen, never overlap, and what was hidden or maximised can be had back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Size

from debugger.tui.panes.arrangement import HELD, PANES, SIDE, Arrangement, Shares

SHARE = st.integers(10, 90)
ARRANGEMENTS = st.builds(
    Arrangement,
    pane=st.sampled_from(PANES),
    side=st.sampled_from(SIDE),
    hidden=st.frozensets(st.sampled_from(PANES), max_size=5),
    maximised=st.just(""),
    shares=st.builds(Shares, upper=SHARE, timeline=SHARE, left=SHARE, lower_left=SHARE),
)
SIZES = st.builds(Size, st.integers(1, 260), st.integers(1, 90))


@given(arrangement=ARRANGEMENTS, size=SIZES)
def test_panes_fill_the_room_and_never_overlap(arrangement: Arrangement, size: Size) -> None:
    """Whatever is hidden, however the borders were moved, each cell is one pane's."""
    arrangement = arrangement.looking_at(arrangement.pane)
    regions = list(arrangement.regions(size).values())
    assert sum(region.area for region in regions) == size.area
    for number, region in enumerate(regions):
        assert region.width > 0
        assert region.height > 0
        assert not any(region.overlaps(other) for other in regions[number + 1 :])


@given(arrangement=ARRANGEMENTS, size=SIZES)
def test_the_pane_that_is_looked_at_is_seen(arrangement: Arrangement, size: Size) -> None:
    """Also one that was hidden, or behind another one of the side."""
    for pane in PANES:
        assert pane in arrangement.looking_at(pane).regions(size)


def test_a_maximised_pane_is_alone_until_it_gives_the_room_back() -> None:
    """Going to another pane ends it too."""
    size = Size(120, 33)
    large = Arrangement(pane="timeline").toggle_maximised()
    assert set(large.regions(size)) == {"timeline"}
    assert set(large.toggle_maximised().regions(size)) == set(Arrangement(pane="timeline").regions(size))
    assert "graph" in large.looking_at("events").regions(size)


def test_hiding_goes_on_to_another_pane_and_the_last_one_stays() -> None:
    """One never looks at nothing."""
    arrangement = Arrangement()
    for _ in range(10):
        arrangement = arrangement.hide()
        assert arrangement.pane not in arrangement.hidden
    assert len(arrangement.hidden) == len(PANES) - 1


def test_small_screens_show_a_page_and_large_ones_everything() -> None:
    """80x24: the events with the components over them; 120x36: the side is shared; 200x60: all."""
    assert set(Arrangement().regions(Size(80, 21))) == {"graph", "events"}
    assert set(Arrangement(pane="turns").regions(Size(80, 21))) == {"turns"}
    assert set(Arrangement().regions(Size(120, 33))) == {"graph", "timeline", "events", "state"}
    assert set(Arrangement().looking_at("findings").regions(Size(120, 33))) == {
        "graph",
        "timeline",
        "events",
        "findings",
    }
    assert set(Arrangement().regions(Size(200, 57))) == set(PANES) - {HELD}
    assert set(Arrangement().looking_at(HELD).regions(Size(200, 57))) == set(PANES)


def test_sizes_change_by_keys_within_bounds() -> None:
    """A pane on the right grows to the left; nothing shrinks to nothing."""
    wider = Arrangement(pane="graph").wider(1)
    assert wider.shares.left > Shares().left
    assert Arrangement(pane="turns").wider(1).shares.lower_left < Shares().lower_left
    for _ in range(50):
        wider = wider.wider(1)
    assert wider.shares.left == 90


@given(arrangement=ARRANGEMENTS, size=SIZES)
def test_whatever_is_not_hidden_is_seen_or_named_where_it_would_be_seen(
    arrangement: Arrangement, size: Size
) -> None:
    """Each in one place; a name leads to its pane, which is then in that place."""
    arrangement = arrangement.looking_at(arrangement.pane)
    seen, sharing = arrangement.visible(size), arrangement.sharing(size)
    named = [pane for panes in sharing.values() for pane in panes]
    assert len(named) == len(set(named))
    assert set(PANES) - arrangement.hidden <= set(seen) | set(named)
    for shown, panes in sharing.items():
        assert shown in seen
        for pane in panes:
            assert pane == shown or pane not in seen
            after = arrangement.looking_at(pane)
            assert pane in after.visible(size)


def test_a_maximised_pane_shares_its_place_with_none() -> None:
    """It is alone by choice."""
    assert Arrangement(pane="state").toggle_maximised().sharing(Size(120, 33)) == {}

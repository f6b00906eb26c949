"""Where boxes and lines are in the graph."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from debugger.tui.graph.flow_layout import arrange_flow
from debugger.tui.graph.hub_layout import arrange_hub
from debugger.tui.graph.layers import layered
from debugger.tui.graph.shapes import HUB, Box, Cell, Layout
from tests.support.examples import tried


def _cells(box: Box) -> set[Cell]:
    return {(x, y) for x in range(box.x, box.right) for y in range(box.y, box.bottom)}


def _check(layout: Layout, names: tuple[str, ...], width: int, height: int) -> None:
    assert set(layout.boxes) | set(layout.left_out) == set(names)
    assert len(layout.boxes) + len(layout.left_out) == len(names)
    boxes = [*layout.boxes.values(), *([layout.hub] if layout.hub else [])]
    regions = [_cells(box) for box in boxes]
    inside = set().union(*regions) if regions else set()
    assert sum(map(len, regions)) == len(inside), "boxes overlap"
    lines = [cell for route in layout.routes for cell in route.cells]
    assert not inside & set(lines), "a line runs through a box"
    assert all(0 <= x < width and 0 <= y < height for x, y in [*inside, *lines])
    for route in layout.routes:
        assert route.cells
        assert len(set(route.cells)) == len(route.cells)
        whole = (
            layout.box(route.source).beside(route.cells[0]),
            *route.cells,
            layout.box(route.target).beside(route.cells[-1]),
        )
        assert all(abs(x - u) + abs(y - v) == 1 for (x, y), (u, v) in pairwise(whole)), route
    doors = [
        layout.box(end).beside(cell)
        for route in layout.routes
        for end, cell in ((route.source, route.cells[0]), (route.target, route.cells[-1]))
    ]
    assert len(set(doors)) == len(doors), "two lines share a door"
    _check_crossings(layout)


def _check_crossings(layout: Layout) -> None:
    """Where two lines share a cell, one goes straight across the other."""
    through: dict[Cell, list[str]] = {}
    for route in layout.routes:
        whole = (
            layout.box(route.source).beside(route.cells[0]),
            *route.cells,
            layout.box(route.target).beside(route.cells[-1]),
        )
        for before, cell, after in zip(whole, whole[1:], whole[2:], strict=False):
            way = "│" if before[0] == after[0] else "─" if before[1] == after[1] else "corner"
            through.setdefault(cell, []).append(way)
    for cell, ways in through.items():
        assert len(ways) == 1 or sorted(ways) == ["─", "│"], (cell, ways)


@given(st.integers(1, 48), st.integers(56, 220), st.integers(12, 56))
def test_spokes_of_the_bus_view_never_touch(number: int, width: int, height: int) -> None:
    """Every component has a place or is named as left out; all spokes end at the hub, none cross."""
    names = tuple(f"c{one}" for one in range(number))
    layout = arrange_hub(names, width, height)
    if layout is None:
        assert number > 10, "a list is for many only"
        return
    _check(layout, names, width, height)
    assert {route.source for route in layout.routes} == set(layout.boxes)
    assert {route.target for route in layout.routes} == {HUB}
    used = Counter(cell for route in layout.routes for cell in route.cells)
    assert all(count == 1 for count in used.values())


def test_a_large_pane_has_room_for_forty_components_around_the_bus() -> None:
    """In more columns and storeys."""
    layout = arrange_hub(tuple(f"c{one}" for one in range(40)), 130, 30)
    assert layout is not None
    assert not layout.left_out


_graphs = st.integers(1, 40).flatmap(
    lambda number: st.tuples(
        st.just(tuple(f"c{one}" for one in range(number))),
        st.dictionaries(
            st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)).map(
                lambda way: (f"c{way[0]}", f"c{way[1]}")
            ),
            st.integers(0, 50),
            max_size=90,
        ),
    )
)


@tried(150)
@given(_graphs, st.integers(28, 200), st.integers(9, 56))
def test_lines_of_the_flow_view_are_never_merged(
    graph: tuple[tuple[str, ...], dict[tuple[str, str], int]], width: int, height: int
) -> None:
    """Boxes apart, each line from its box to its box through no other, cells shared only by crossings."""
    names, ways = graph
    layout = arrange_flow(names, ways, width, height)
    if layout is None:
        assert ((width + 3) // 15) * ((height - 1) // 4) < len(names) * 3 / 4, "a list is for many only"
        return
    _check(layout, names, width, height)
    drawn = [(route.source, route.target) for route in layout.routes]
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(ways)
    possible = [way for way in ways if way[0] != way[1] and layout.boxes.keys() >= set(way)]
    assert len(drawn) + layout.undrawn == len(possible)


def test_a_pane_of_usual_size_draws_all_of_a_small_system() -> None:
    """Twelve components in a line, or three in a circle: nothing is left out."""
    line = tuple(f"stage_{one}" for one in range(12))
    circle = ("a", "b", "c")
    for names, ways in (
        (line, dict.fromkeys(pairwise(line), 1)),
        (circle, dict.fromkeys(pairwise((*circle, "a")), 1)),
    ):
        layout = arrange_flow(names, ways, 78, 20)
        assert layout is not None
        assert not layout.left_out
        assert not layout.undrawn


@given(_graphs)
def test_layers_hold_everybody_once_and_neighbours_never_share_one(
    graph: tuple[tuple[str, ...], dict[tuple[str, str], int]],
) -> None:
    """Cycles or not; those who talk to nobody are in the last."""
    names, ways = graph
    layers = layered(names, ways)
    place = {name: number for number, layer in enumerate(layers) for name in layer}
    assert sorted(name for layer in layers for name in layer) == sorted(names)
    assert all(layers)
    assert all(place[one] != place[other] for one, other in ways if one != other)


def test_without_cycles_every_way_goes_forwards() -> None:
    """Each component stands right behind the last of those before it."""
    ways = dict.fromkeys(combinations("abcd", 2), 1)
    assert layered(tuple("dcba"), ways) == [["a"], ["b"], ["c"], ["d"]]


def test_a_cycle_is_broken_where_the_least_goes_back() -> None:
    """A rare answer does not turn the picture around."""
    assert layered(("back", "front"), {("front", "back"): 90, ("back", "front"): 3}) == [["front"], ["back"]]

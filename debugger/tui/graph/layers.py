"""Who comes before whom: components in layers, so that most messages go forwards. A pure algorithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

Way = tuple[str, str]
"""(publisher, receiver)"""

_SWEEPS: Final = 4


def layered(names: Sequence[str], ways: Mapping[Way, int]) -> list[list[str]]:
    """Layers of components, those without any way in the last of their own.

    Cycles are broken where the least traffic goes backwards; then each component is one layer
    behind the last of those before it (longest path); within a layer each is near to its neighbours.
    """
    known = set(names)
    inner = {way: max(count, 1) for way, count in ways.items() if way[0] != way[1] and known.issuperset(way)}
    joined = {name for way in inner for name in way}
    sequence = _sequence([name for name in names if name in joined], inner)
    place = {name: number for number, name in enumerate(sequence)}
    before: dict[str, list[str]] = {name: [] for name in sequence}
    after: dict[str, list[str]] = {name: [] for name in sequence}
    for one, other in inner:
        early, late = sorted((one, other), key=place.__getitem__)
        before[late].append(early)
        after[early].append(late)
    depth: dict[str, int] = {}
    for name in sequence:
        depth[name] = max((depth[one] + 1 for one in before[name]), default=0)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sequence:
        layers[depth[name]].append(name)
    _untangle(layers, before, after)
    alone = [name for name in names if name not in joined]
    return [*layers, alone] if alone else layers


def _sequence(names: Sequence[str], ways: Mapping[Way, int]) -> list[str]:
    """All components in a line, most traffic going forwards (after Eades, Lin and Smyth)."""
    left, first, last = list(names), list[str](), list[str]()
    while left:
        there = set(left)
        sent = dict.fromkeys(left, 0)
        received = dict.fromkeys(left, 0)
        for (one, other), count in ways.items():
            if one in there and other in there:
                sent[one] += count
                received[other] += count
        sources = [name for name in left if not received[name]]
        sinks = [name for name in left if not sent[name] and received[name]]
        if sources or sinks:
            first += sources
            last = sinks + last
            gone = {*sources, *sinks}
        else:
            best = max(left, key=lambda name: sent[name] - received[name])
            first.append(best)
            gone = {best}
        left = [name for name in left if name not in gone]
    return first + last


def _untangle(
    layers: list[list[str]], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> None:
    """Order each layer by where the neighbours are, forwards and backwards in turn."""
    height: dict[str, float] = {}

    def settle(layer: list[str]) -> None:
        for number, name in enumerate(layer):
            height[name] = (number + 1) / (len(layer) + 1)

    for layer in layers:
        settle(layer)
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        neighbours = before if forwards else after
        for layer in layers if forwards else layers[::-1]:
            wish = {
                name: sum(height[one] for one in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else height[name]
                for name in layer
            }
            layer.sort(key=wish.__getitem__)
            settle(layer)


def seats(layers: Sequence[Sequence[str]], columns: int, rows: int) -> dict[str, tuple[int, int]]:
    """A column and a row for each component, of at most so many; who finds none is not in it.

    A layer is a column. Where there are too many layers, they go on below the first ones like
    the lines of a text; where a layer is too high, it becomes several columns.
    """
    for height in range(min(max(map(len, layers), default=1), rows), 0, -1):
        split = [list(layer[at : at + height]) for layer in layers for at in range(0, len(layer), height)]
        bands = -(-len(split) // max(columns, 1))
        if bands * height <= rows:
            return _bands(split, columns, height)
    # There is room only without regard to layers.
    everybody = [name for layer in layers for name in layer][: columns * rows]
    needed = -(-len(everybody) // max(columns, 1))
    return {name: (number // needed, number % needed) for number, name in enumerate(everybody)}


def _bands(split: Sequence[Sequence[str]], columns: int, height: int) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(split):
        band = number // columns * height
        spare = (height - len(column)) // 2
        for row, name in enumerate(column):
            found[name] = (number % columns, band + spare + row)
    return found

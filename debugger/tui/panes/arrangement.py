"""Where the panes are: pure geometry of what was chosen and how large the screen is.

Large screens show every pane. Middle-sized ones let state, turns and findings share a place:
the one that was looked at last is seen. Small ones show one pane at a time, the events with a
list of the components over them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from textual.geometry import Region, Size

HELD: Final = "held"
"""What is held of a running backend: not seen until somebody wants to."""

PANES: Final = ("graph", "timeline", "events", "state", "turns", "findings", HELD)
"""In the order of their numbers."""

NAMES: Final = {pane: f"{number} {pane.capitalize()}" for number, pane in enumerate(PANES, 1)}
"""As their frames call them."""

SIDE: Final = ("state", "turns", "findings", HELD)
"""Those that share a place on a screen of middle size."""

_SMALL: Final = Size(100, 26)
_LARGE: Final = Size(150, 42)
_COMPACT_GRAPH: Final = 4
_LEAST_FOR_GRAPH: Final = 13
_LEAST_UPPER: Final = 14  # a hub with a row of boxes above and below, and the frame
_LEAST_TIMELINE: Final = 6
_LEAST_EVENTS: Final = 5
_LEAST_WIDTH: Final = 20
_STEP: Final = 5
_LOW, _HIGH = 10, 90


class Shares(Struct, frozen=True):
    """What parts have of the whole, in percent, within 10 and 90."""

    upper: int = 40
    timeline: int = 26
    left: int = 64
    lower_left: int = 66


class Arrangement(Struct, frozen=True):
    """What the user chose. ``pane`` is looked at, ``side`` is the last of `SIDE` that was."""

    pane: str = "events"
    side: str = "state"
    hidden: frozenset[str] = frozenset((HELD,))
    maximised: str = ""
    shares: Shares = Shares()

    def checked(self) -> Arrangement:
        """Without what this version does not know: it may have been written by another one."""
        known = Arrangement()
        shares = self.shares
        for part in Shares.__struct_fields__:
            shares = msgspec.structs.replace(shares, **{part: min(max(getattr(shares, part), _LOW), _HIGH)})
        return msgspec.structs.replace(
            self,
            side=self.side if self.side in SIDE else known.side,
            hidden=self.hidden & frozenset(PANES) | {HELD},
            maximised="",
            shares=shares,
        ).looking_at(known.pane)

    def looking_at(self, pane: str) -> Arrangement:
        """Look at a pane; a hidden one is shown again, and another one is no longer maximised."""
        return msgspec.structs.replace(
            self,
            pane=pane,
            side=pane if pane in SIDE else self.side,
            hidden=self.hidden - {pane},
            maximised=self.maximised if self.maximised == pane else "",
        )

    def toggle_maximised(self) -> Arrangement:
        """Give the pane all the room, or give it back."""
        return msgspec.structs.replace(self, maximised="" if self.maximised else self.pane)

    def hide(self) -> Arrangement:
        """Without the pane that is looked at; the last one stays."""
        left = [pane for pane in PANES if pane not in self.hidden and pane != self.pane]
        if not left:
            return self
        following = "events" if "events" in left else left[0]
        hidden = self.hidden | {self.pane}
        side = next((pane for pane in SIDE if pane not in hidden), self.side)
        return msgspec.structs.replace(
            self,
            pane=following,
            side=side if self.side in hidden else self.side,
            hidden=hidden,
            maximised="",
        )

    def resize(self, part: str, percent: int) -> Arrangement:
        """Give one of `Shares` that many percent."""
        bounded = min(max(percent, _LOW), _HIGH)
        return msgspec.structs.replace(self, shares=msgspec.structs.replace(self.shares, **{part: bounded}))

    def wider(self, direction: int) -> Arrangement:
        """Move the upright border of the pane's row; to the right if positive."""
        part = "left" if self.pane in ("graph", "state") else "lower_left"
        if self.pane in SIDE:
            direction = -direction
        return self.resize(part, getattr(self.shares, part) + direction * _STEP)

    def higher(self, direction: int) -> Arrangement:
        """Make the pane higher, or (negative) less high."""
        if self.pane in ("graph", "state"):
            return self.resize("upper", self.shares.upper + direction * _STEP)
        if self.pane == "timeline":
            return self.resize("timeline", self.shares.timeline + direction * _STEP)
        return self.resize("timeline", self.shares.timeline - direction * _STEP)

    def sharing(self, size: Size) -> dict[str, tuple[str, ...]]:
        """For each pane that is seen where others could be: all of that place, itself too, in order."""
        if self.maximised:
            return {}
        regions = self.regions(size)
        alone = size.width < _SMALL.width or size.height < _SMALL.height
        places: dict[str, tuple[str, ...]] = {}
        for shown in (self.pane,) if alone else SIDE:
            if shown in regions:
                others = [pane for pane in PANES if pane not in regions and pane not in self.hidden]
                places[shown] = tuple(
                    pane for pane in PANES if pane == shown or (pane in others and (alone or pane in SIDE))
                )
        return {pane: others for pane, others in places.items() if len(others) > 1}

    def visible(self, size: Size) -> tuple[str, ...]:
        """The panes that are seen, in their order."""
        return tuple(pane for pane in PANES if pane in self.regions(size))

    def regions(self, size: Size) -> dict[str, Region]:
        """Where each pane that is seen is."""
        whole = Region(0, 0, size.width, size.height)
        if not whole:
            return {}
        if self.maximised:
            return {self.maximised: whole}
        if size.width < _SMALL.width or size.height < _SMALL.height:
            return self._small(whole)
        large = size.width >= _LARGE.width and size.height >= _LARGE.height
        return self._all(whole, large=large)

    def _small(self, whole: Region) -> dict[str, Region]:
        if self.pane != "events" or "graph" in self.hidden or whole.height < _LEAST_FOR_GRAPH:
            return {self.pane: whole}
        above, below = whole.split_horizontal(_COMPACT_GRAPH)
        return {"graph": above, "events": below}

    def _all(self, whole: Region, *, large: bool) -> dict[str, Region]:
        """Rows of panes from top to bottom; what is hidden gives its room to the others."""
        shown = [pane for pane in PANES if pane not in self.hidden]
        if not large:
            side = self.side if self.side in shown else next((one for one in SIDE if one in shown), "")
            shown = [pane for pane in shown if pane not in SIDE or pane == side]
        upper = [[pane] for pane in shown if pane == "graph"]
        sides = [pane for pane in shown if pane in SIDE and (not large or pane == "state")]
        upper += [sides] if sides else []
        lower = [["events"]] if "events" in shown else []
        others = [pane for pane in shown if pane in SIDE and pane not in sides]
        lower += [others] if others else []
        middle = [["timeline"]] if "timeline" in shown else []
        rows = [(row, share) for row, share in self._rows(upper, middle, lower, whole.height) if row]
        regions: dict[str, Region] = {}
        for row, height in rows:
            band, whole = whole.split_horizontal(height) if height < whole.height else (whole, whole)
            share = self.shares.left if row is upper else self.shares.lower_left
            regions |= _columns(row, band, share)
        return regions

    def _rows(
        self, upper: list[list[str]], middle: list[list[str]], lower: list[list[str]], height: int
    ) -> list[tuple[list[list[str]], int]]:
        """Rows with their heights, the last of them with what is left."""
        upper_height = max(height * self.shares.upper // 100, _LEAST_UPPER) if upper else 0
        middle_height = max(height * self.shares.timeline // 100, _LEAST_TIMELINE) if middle else 0
        if lower:
            over = upper_height + middle_height - (height - _LEAST_EVENTS)
            if over > 0:
                upper_height -= min(over, max(upper_height - _LEAST_TIMELINE, 0))
                over = upper_height + middle_height - (height - _LEAST_EVENTS)
                middle_height -= max(over, 0)
            return [(upper, upper_height), (middle, middle_height), (lower, height)]
        if middle:
            return [(upper, min(upper_height, height - _LEAST_TIMELINE)), (middle, height)]
        return [(upper, height)]


def _columns(row: list[list[str]], band: Region, share: int) -> dict[str, Region]:
    """One or two columns; panes of a column stand over each other."""
    if len(row) == 1:
        return _stacked(row[0], band)
    width = min(max(band.width * share // 100, _LEAST_WIDTH), band.width - _LEAST_WIDTH)
    left, right = band.split_vertical(width)
    return _stacked(row[0], left) | _stacked(row[1], right)


def _stacked(panes: list[str], column: Region) -> dict[str, Region]:
    regions: dict[str, Region] = {}
    for number, pane in enumerate(panes):
        left = len(panes) - number
        if left == 1:
            regions[pane] = column
        else:
            regions[pane], column = column.split_horizontal(column.height // left)
    return regions

"""What the panes' signs mean: for each place of the key table that has some, a title and the signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import debugger.tui.control.signs
import debugger.tui.diff.signs
import debugger.tui.events.signs
import debugger.tui.findings.signs
import debugger.tui.graph.signs
import debugger.tui.scrubber.signs
import debugger.tui.state.signs
import debugger.tui.timeline.signs
import debugger.tui.turns.signs
from debugger.tui.keys.key import Where
from debugger.tui.legend import Sign

LEGENDS: Final[dict[Where, tuple[str, Callable[[], list[Sign]]]]] = {
    Where.TIME: ("Signs of the scrubber", debugger.tui.scrubber.signs.legend),
    Where.GRAPH: ("Signs of the graph", debugger.tui.graph.signs.legend),
    Where.TIMELINE: ("Signs of the timeline", debugger.tui.timeline.signs.legend),
    Where.EVENTS: ("Signs of the events", debugger.tui.events.signs.legend),
    Where.STATE: ("Signs of the state", debugger.tui.state.signs.legend),
    Where.TURNS: ("Signs of the turns", debugger.tui.turns.signs.legend),
    Where.FINDINGS: ("Signs of the findings", debugger.tui.findings.signs.legend),
    Where.HELD: ("Signs of what is held", debugger.tui.control.signs.legend),
    Where.DIFF: ("Signs of the comparison", debugger.tui.diff.signs.legend),
}

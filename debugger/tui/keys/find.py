"""Keys that find, mark and take along."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("enter",), "open", "open the event", Where.FIND, "open", 2),
    Key(("slash",), "filter", "filter the events", Where.FIND, "filter", 3),
    Key(("backslash",), "search", "search: n and N go from match to match", Where.FIND, "search", 10),
    Key(("asterisk",), "search_alike", "search for events like this one", Where.FIND),
    Key(("f",), "filter_component", "only the events of this component, or all again", Where.FIND),
    Key(("x",), "clear_filter", "no filter and no search", Where.FIND),
    Key(("s",), "pin", "keep this component's state in view, or let go", Where.FIND, "pin", 7),
    Key(
        ("v",), "follow_turn", "follow this turn: the rest is dimmed; again: no more", Where.FIND, "follow", 8
    ),
    Key(("m",), "mark", "bookmark this event, or take its bookmark away", Where.FIND),
    Key(("M",), "note", "write a note on this event", Where.FIND),
    Key(("V",), "select", "select from here on; again: nothing selected", Where.FIND),
    Key(("y",), "copy", "copy the event, or what is selected", Where.FIND),
    Key(("Y",), "copy_link", "copy a link to this moment, for replay", Where.FIND),
    Key(("E",), "export", "write what is selected, or all that is shown, to a file", Where.FIND),
)

"""Keys for the panes, and what the mouse does to their frames."""

from __future__ import annotations

from textual import events
from textual.widget import Widget

from debugger.tui.actions.base import Actions
from debugger.tui.panes.area import PaneArea
from debugger.tui.panes.arrangement import PANES, Arrangement
from debugger.tui.panes.pane import Pane


class Arranging(Actions):
    """Which pane is looked at, and how large the panes are."""

    area: PaneArea
    panes: dict[str, Widget]

    def rearrange(self, arrangement: Arrangement) -> None:
        """Use another arrangement, and remember it."""
        self._use(arrangement)
        self.sync()

    def _use(self, arrangement: Arrangement) -> None:
        self.area.use(arrangement)
        self.set_class(arrangement.maximised != "", "-maximised")

    def _focus_on(self, pane: str) -> None:
        self._use(self.area.arrangement.looking_at(pane))
        # At once, laid out or not: the keys behind this one are for this pane already.
        self.set_focus(self.panes[pane], scroll_visible=False)
        self.sync()  # now that the key bar can tell the keys of this pane
        self.call_after_refresh(self._refocus)

    def _refocus(self) -> None:
        """A pane that was hidden a moment ago may be told so only after it has the focus again."""
        if self.focused is None:
            self.set_focus(self.panes[self.area.arrangement.pane], scroll_visible=False)

    def action_pane(self, pane: str) -> None:
        """To a pane, which is shown again if it was hidden."""
        self._focus_on(pane)

    def action_cycle(self, step: int) -> None:
        """To the next pane that is not hidden."""
        arrangement = self.area.arrangement
        shown = [pane for pane in PANES if pane not in arrangement.hidden or pane == arrangement.pane]
        self._focus_on(shown[(shown.index(arrangement.pane) + step) % len(shown)])

    def action_maximise(self) -> None:
        """All the room for the pane, or give it back."""
        self.rearrange(self.area.arrangement.toggle_maximised())

    def action_hide(self) -> None:
        """Without the pane."""
        arrangement = self.area.arrangement.hide()
        self.rearrange(arrangement)
        self._focus_on(arrangement.pane)

    def action_wider(self, direction: int) -> None:
        """Wider or narrower."""
        self.rearrange(self.area.arrangement.wider(direction))

    def action_higher(self, direction: int) -> None:
        """Higher or less high."""
        self.rearrange(self.area.arrangement.higher(direction))

    def action_rearrange(self) -> None:
        """As at first."""
        self.rearrange(Arrangement().looking_at(self.area.arrangement.pane))

    # --- mouse and focus ----------------------------------------------------------

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is looked at, however it came there, unless it has moved on since."""
        if event.widget is not self.focused:
            return
        if event.widget.id in PANES and event.widget.id != self.area.arrangement.pane:
            self.rearrange(self.area.arrangement.looking_at(event.widget.id))

    def on_pane_touched(self, event: Pane.Touched) -> None:
        """A frame was clicked."""
        self._focus_on(event.pane)

    def on_pane_maximised(self, event: Pane.Maximised) -> None:
        """A title was clicked twice."""
        self._focus_on(event.pane)
        self.action_maximise()

    def on_pane_dragged(self, event: Pane.Dragged) -> None:
        """A border was dragged: the parts beside it have what is there now."""
        size, arrangement = self.area.size, self.area.arrangement
        if event.x is not None:
            part = "left" if event.pane == "state" else "lower_left"
            if event.pane in ("turns", "findings") and arrangement.side == event.pane:
                regions = arrangement.regions(size)
                beside_graph = regions.get(event.pane, size.region).y == 0
                part = "left" if beside_graph else "lower_left"
            self.rearrange(arrangement.resize(part, 100 * event.x // max(size.width, 1)))
        elif event.y is not None:
            y = 100 * (event.y - self.area.region.y) // max(size.height, 1)
            regions = arrangement.regions(size)
            if event.pane == "timeline":
                self.rearrange(arrangement.resize("upper", y))
            elif event.pane == "events" and "timeline" in regions:
                top = 100 * regions["timeline"].y // max(size.height, 1)
                self.rearrange(arrangement.resize("timeline", y - top))
            elif event.pane == "events":
                self.rearrange(arrangement.resize("upper", y))

"""The part of the screen that the panes share."""

from __future__ import annotations

from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from debugger.tui.panes.arrangement import Arrangement
from debugger.tui.panes.pane import Pane


class _Placing(Layout):
    """Puts each pane where the area's arrangement says."""

    name = "panes"

    def __init__(self, area: PaneArea) -> None:
        self._area = area

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,
    ) -> ArrangeResult:
        """As `Layout.arrange`."""
        del parent, greedy
        regions = self._area.arrangement.regions(size)
        return [
            WidgetPlacement(regions[child.pane], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if isinstance(child, Pane) and child.pane in regions
        ]


class PaneArea(Container):
    """Panes as an `Arrangement` has them; those that are not seen are not displayed."""

    def __init__(self, *panes: Pane, arrangement: Arrangement) -> None:
        super().__init__(*panes, id="panes")
        self.arrangement = arrangement
        self._panes = {pane.pane: pane for pane in panes}
        self._placing = _Placing(self)

    @property
    def layout(self) -> Layout:
        """Style sheets name only Textual's own layouts, so this one is given here."""
        return self._placing

    def use(self, arrangement: Arrangement) -> None:
        """Arrange the panes in another way."""
        if arrangement != self.arrangement:
            self.arrangement = arrangement
            self._display()
            self.refresh(layout=True)

    def on_resize(self) -> None:
        """Another size shows other panes."""
        self._display()

    def _display(self) -> None:
        visible = self.arrangement.visible(self.size)
        for name, pane in self._panes.items():
            pane.display = name in visible

    def frames(self) -> tuple[Pane, ...]:
        """All panes, seen or not."""
        return tuple(self._panes.values())

"""A screen whose frames do not come before what a key is waiting for."""

from __future__ import annotations

from collections.abc import Iterable

from textual.screen import Screen
from textual.widget import Widget


class PaintingScreen(Screen[None]):
    """Paints some widgets at once, and the others later.

    By itself Textual has each widget tell the screen in a message that it is due, and the screen wait for its
    next frame, in which all that is due is painted in one go: 10 to 30 ms in which no key is looked at.
    """

    @property
    def keys_wait(self) -> bool:
        """Whether a key was read and nobody has looked at it yet: a frame would only keep it waiting."""
        return False

    def paint(self, widgets: Iterable[Widget]) -> None:
        """Paint those of `widgets` that are due. Where a layout is, they wait for it as always."""
        due = [one for one in widgets if one._repaint_required and one.is_attached]  # noqa: SLF001
        if not due or any(one._layout_required for one in (self, *self.children, *due)):  # noqa: SLF001
            return
        for widget in due:
            widget._repaint_required = False  # noqa: SLF001
        self._dirty_widgets.update(due)
        super()._on_timer_update()

    def _on_timer_update(self) -> None:
        """The next frame; the timer goes on until there was one. Keys may depend on a new layout."""
        if self._layout_required or not self.keys_wait:
            super()._on_timer_update()

"""The frame of a pane: its title, and the mouse on its border."""

from __future__ import annotations

from typing import Protocol

from textual import events
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class PaneWidget(Protocol):
    """What every pane can do."""

    @property
    def titles(self) -> tuple[str, str]:
        """What stands in the border above and below, safe to show."""
        ...

    def sync(self) -> None:
        """Look at the session, and repaint what is different."""
        ...

    def restyle(self) -> None:
        """Paint everything anew: the theme is another one."""
        ...


class Pane(Container):
    """A frame. Dragging its upper or left border resizes, a double click on its title maximises."""

    class Dragged(Message):
        """A border was dragged to a place on the screen: ``x`` or ``y``, the other is None."""

        def __init__(self, pane: str, x: int | None, y: int | None) -> None:
            super().__init__()
            self.pane = pane
            self.x = x
            self.y = y

    class Maximised(Message):
        """The title was clicked twice."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    class Touched(Message):
        """The frame was clicked."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, name: str, *widgets: Widget) -> None:
        super().__init__(*widgets, id=f"{name}-pane", classes="pane")
        self.pane = name
        self._titles = ("", "")
        self._dragging = ""

    def retitle(self, title: str, subtitle: str) -> None:
        """Show titles; what comes from events is never markup."""
        if (title, subtitle) != self._titles:
            self._titles = (title, subtitle)
            self.border_title, self.border_subtitle = Content(title), Content(subtitle)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a border."""
        if event.widget is not self:
            return
        self._dragging = "y" if event.y == 0 else "x" if event.x == 0 else ""
        if self._dragging:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the border that is held."""
        if self._dragging == "y":
            self.post_message(self.Dragged(self.pane, None, int(event.screen_y)))
        elif self._dragging == "x":
            self.post_message(self.Dragged(self.pane, int(event.screen_x), None))

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._dragging:
            self._dragging = ""
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """To the pane; twice on its title: give it all the room."""
        if event.widget is not self:
            return
        twice = 2
        if event.y == 0 and event.chain == twice:
            self.post_message(self.Maximised(self.pane))
        else:
            self.post_message(self.Touched(self.pane))

"""The frame of a pane: its title, and the mouse on its border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, Self

from textual import events
from textual.containers import Container
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from debugger.tui.panes.arrangement import NAMES
from debugger.tui.text import shorten, width_of

_SHOWN: Final = "▸"
_BETWEEN: Final = "│"
_DETAIL: Final = " · "
_CORNERS: Final = 4
_META: Final = "pane"
_PLAIN: Final = Style(bold=False)
_STRONG: Final = Style(bold=True, underline=True)


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
        self._titles: tuple[object, ...] = ()
        self._dragging = ""
        self._retitling = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As `Widget.refresh`. Titles that tell numbers are others ten times a second: only their lines."""
        if self._retitling and not (regions or layout or recompose):
            regions = self._title_lines()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _title_lines(self) -> tuple[Region, ...]:
        """The first and the last line of the frame, as its content sees them."""
        (width, height), (left, top) = self.outer_size, self.content_offset
        return tuple(Region(-left, y - top, width, 1) for y in sorted({0, max(height - 1, 0)}))

    def retitle(self, title: str, subtitle: str, sharing: Sequence[str] = (), width: int = 0) -> None:
        """Show titles; what comes from events is never markup.

        `sharing` are the panes that could be in this place, this one among them: a click shows another.
        `width` is the frame's, which it may not have yet.
        """
        framed = bool(self.styles.border_bottom[0])
        titles = (title, subtitle, tuple(sharing), width, framed)
        if titles == self._titles:
            return
        self._titles = titles
        head = Content(title)
        if sharing:
            head, told = self._tabs(title, sharing, width, detachable=framed)
            subtitle = " · ".join(part for part in (told, subtitle) if part)
        self._retitling = True
        try:
            self.border_title = head
            self.border_subtitle = Content(subtitle)
        finally:
            self._retitling = False

    def _tabs(
        self, title: str, sharing: Sequence[str], width: int, *, detachable: bool
    ) -> tuple[Content, str]:
        """The title among the names of the others, and what of it found no room.

        With less room, what stands behind the pane's own name goes if it is `detachable`, then the space
        between names, then the names: their numbers stay. The title itself is cut last.
        """
        own, _, more = title.partition(_DETAIL)
        names = {pane: NAMES[pane] for pane in sharing if pane != self.pane}
        numbers = {pane: name.partition(" ")[0] for pane, name in names.items()}
        ways = [(title, names, f" {_BETWEEN} ")]
        ways += [(own, names, f" {_BETWEEN} ")] if detachable else [(title, names, _BETWEEN)]
        ways.append((title, numbers, f" {_BETWEEN} "))
        for shown, others, between in ways:
            taken = len(_SHOWN) + sum(map(len, others.values())) + len(between) * len(others)
            room = width - _CORNERS - taken
            if width_of(shown) <= room or (between == _BETWEEN and width_of(own) <= room):
                break
        parts: list[Content | tuple[str, Style]] = []
        for pane in sharing:
            if parts:
                parts.append((between, _PLAIN))
            if pane == self.pane:
                parts.append((f"{_SHOWN}{shorten(shown, max(room, 1))}", _STRONG))
            else:
                parts.append((others[pane], _PLAIN + Style.from_meta({_META: pane})))
        return Content.assemble(*parts), more if shown == own else ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a border."""
        if not self._on_frame(event) or self._named_at(event):
            return
        x, y = event.screen_offset - self.region.offset
        self._dragging = "y" if y == 0 else "x" if x == 0 else ""
        if self._dragging:
            self.capture_mouse()

    def _on_frame(self, event: events.MouseEvent) -> bool:
        """Whether the mouse is on the frame itself. Only a `Click` says by itself what it is on."""
        widget, _ = self.screen.get_widget_at(event.screen_x, event.screen_y)
        return widget is self

    def _named_at(self, event: events.MouseEvent) -> str:
        """The other pane whose name is at the mouse; empty for none."""
        style = self.screen.get_style_at(event.screen_x, event.screen_y)
        return str(style.meta.get(_META, ""))

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
        """To the pane, or the one whose name was clicked; twice on its title: give it all the room."""
        if not self._on_frame(event):
            return
        twice = 2
        other = self._named_at(event)
        if other:
            self.post_message(self.Touched(other))
        elif event.screen_y == self.region.y and event.chain == twice:
            self.post_message(self.Maximised(self.pane))
        else:
            self.post_message(self.Touched(self.pane))

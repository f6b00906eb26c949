"""The status line and the key bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.segment import Segment
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from debugger.log.rates import RateMeter
from debugger.tui import plain
from debugger.tui.keys.context import ActiveKey, active_keys
from debugger.tui.keys.line import KeysInALine
from debugger.tui.keys.user import current
from debugger.tui.session import Session
from debugger.tui.status.model import fitting, labels_now, status_parts
from debugger.tui.status.part import Part
from debugger.tui.text import width_of


class StatusLine(Widget):
    """What `status_parts` says, in one line: the cursor's place at the right end.

    ``tells_event``: what happened there too.
    """

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.tells_event = False
        self._session = session
        self._parts: list[Part] = []
        self._loading = RateMeter()
        self._loaded = 0

    def sync(self) -> None:
        """Repaint if there is something else to say."""
        parts = status_parts(
            self._session,
            self._loading_rate(),
            words=plain.is_ascii(self.app),
            tells_event=self.tells_event,
        )
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def _loading_rate(self) -> float:
        """Events a second that came while this line looked, over two seconds."""
        session = self._session
        count, now = len(session.log), session.clock()
        if session.progress is None:
            self._loaded = count
            return 0.0
        self._loading.add(now, count - self._loaded)
        self._loaded = count
        return self._loading.rate(now)

    def restyle(self) -> None:
        """Other colours."""
        self._parts = []
        self.sync()

    def render_line(self, y: int) -> Strip:
        """The line."""
        if y:
            return Strip.blank(self.size.width, self.rich_style)
        width = self.size.width
        parts = fitting(self._parts, width - 1)
        left = _joined([part for part in parts if not part.right])
        right = _joined([part for part in parts if part.right])
        gap = width - 1 - sum(width_of(one.text) for one in (*left, *right))
        segments = [*left, Segment(" " * max(gap, 0)), *right]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


def _joined(parts: list[Part]) -> list[Segment]:
    segments: list[Segment] = []
    for part in parts:
        if segments:
            segments.append(Segment("  "))
        segments.append(Segment(part.text, part.style))
    return segments


class KeyBar(KeysInALine):
    """The keys that hold now and have a label: the focused pane's first.

    A pane or screen whose keys mean something else at times says so in ``key_labels``, by their rows' names.
    """

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._keys: list[ActiveKey] = []
        self._made_for: tuple[object, ...] = ()
        self._labels: dict[str, str] = {}

    def sync(self) -> None:
        """Repaint if there are other keys, or one means something else now."""
        screen: Screen[Any] = self.screen
        made_for = (screen.focused, current.generation)
        labels = labels_now(self._session)
        for part in (screen, screen.focused):
            labels |= getattr(part, "key_labels", {})
        if made_for == self._made_for and labels == self._labels:
            return
        self._made_for, self._labels = made_for, labels
        self._keys = active_keys(screen)
        self.refresh()

    def restyle(self) -> None:
        """Other colours."""
        self._made_for = ()
        self.sync()

    def shown_keys(self) -> tuple[Sequence[ActiveKey], Mapping[str, str]]:
        """Those of the last `sync`."""
        return self._keys, self._labels

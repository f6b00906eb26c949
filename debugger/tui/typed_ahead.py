"""Keys take effect in the order in which they were typed, however fast they come.

Textual runs a binding when its key has bubbled up from the focused widget to the application. By then,
what was typed behind an Enter is in the line that it should have left, and what was typed behind the key
that closes a screen went to that screen.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input

from debugger.tui.keys import Where, current


class KeysInOrder(App[None]):
    """An application whose screens get the keys that were typed for them, and no others.

    A key that comes back unused from a screen that is no longer on top begins anew with the one that is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked: WeakKeyDictionary[events.Event, Screen[Any]] = WeakKeyDictionary()

    async def on_event(self, event: events.Event) -> None:
        """Note which screen a key is given to."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._asked[event] = self.screen
        await super().on_event(event)

    async def on_key(self, event: events.Key) -> None:
        """A key has come back: a binding that takes it is looked for, if it is still its screen's turn."""
        if self._asked.pop(event, self.screen) is not self.screen:
            event.prevent_default()
            self.post_message(events.Key(event.key, event.character))


class TypedLine(Input):
    """A line whose own keys, those of the table's part ``where``, run in turn with the text.

    What is typed behind a key that left the line goes to where the focus is by then.
    """

    def __init__(self, where: Where, *, placeholder: str = "") -> None:
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False)
        self._where = where

    async def on_key(self, event: events.Key) -> None:
        """Before Textual's line looks at it."""
        if self.app.screen is not self.screen or self.screen.focused is not self:
            event.stop()
            event.prevent_default()
            self.app.post_message(events.Key(event.key, event.character))
            return
        for row in current.rows:
            if row.where is self._where and event.key in row.keys:
                event.stop()
                event.prevent_default()
                await self._run(row.action)
                return

    async def _run(self, action: str) -> None:
        method = f"action_{action.partition('(')[0]}"
        for node in self.ancestors:
            if hasattr(node, method):
                await self.app.run_action(action, node)
                return

"""The state pane: what its keys and the mouse do. What it shows is in the bodies beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import events
from textual.message import Message

from debugger.log import FieldSearch, origin
from debugger.tui.keys import Where, bindings
from debugger.tui.session import Session
from debugger.tui.state.body import Body
from debugger.tui.state.field import Field
from debugger.tui.state.history_body import HistoryBody
from debugger.tui.state.model import StateView, TreeLine
from debugger.tui.state.overview import OverviewBody
from debugger.tui.state.paint import fold_column, path_text
from debugger.tui.state.scroller import BodyScroller
from debugger.tui.state.tree_body import BUDGET_NS, TreeBody

_TWICE: Final = 2
_LOST: Final = "earlier states can no longer be read: it may have changed before"


class StateTree(BodyScroller, can_focus=True, inherit_bindings=False):
    """Shows a component's state as a tree, the history of one field, or all components.

    What takes longer than a key may, is looked for in parts of a few ms until it is found.
    """

    BINDINGS = bindings(Where.STATE)

    class Changed(Message):
        """Another component or snapshot is shown: the pane's title is to say so."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        self._session = session
        self._tree = TreeBody(session)
        super().__init__(self._tree, id=id)
        self._then: Callable[[], None] | None = None  # to do once the chosen field's last change is known
        self._search: FieldSearch | None = None  # for the change before or after

    # --- what the screen asks for ----------------------------------------------------------

    @property
    def view(self) -> StateView:
        """The state that is shown, or would be when the history or the overview is closed."""
        return self._tree.view

    @property
    def copy_text(self) -> str:
        """What is copied: the chosen field's path and value, or the chosen line."""
        return self._body.copied

    @property
    def key_labels(self) -> dict[str, str]:
        """As of `KeyBar`."""
        return {
            "state.history": "tree" if isinstance(self._body, HistoryBody) else "history",
            "state.overview": "one" if isinstance(self._body, OverviewBody) else "all",
            "state.only_changed": "everything" if self._tree.only_changed else "changes",
        }

    def copied(self) -> str:
        """The same."""
        return self.copy_text

    def sync(self) -> None:
        """Show the session as it is at the cursor, if it is not shown already."""
        different = self._tree.sync(self._height)
        if self._body is not self._tree:
            different = self._body.sync(self._height)
        if different:
            self._draw()
        self.go_on()

    def _retitled(self) -> None:
        self.post_message(self.Changed())

    def _advance(self) -> bool:
        search, done = self._search, True
        if search is not None:
            done = search.advance(self._session.clock, BUDGET_NS)
            if done:
                self._search = None
                self._arrive(search)
        done = self._body.advance() and done
        then = self._then
        if done and then is not None:
            self._then = None
            then()
        return done

    @property
    def _line(self) -> int:
        return self._body.line

    def to_line(self, number: int) -> None:
        """Choose a line; what was to be done with the one before is not done."""
        self._then = None
        super().to_line(number)
        self._tree.remember()

    # --- branches and bodies ---------------------------------------------------------------------

    def action_unfold(self) -> None:
        """Open the line's branch, or close it if it is open; in a list, go to what the line tells of."""
        body = self._body
        if isinstance(body, HistoryBody):
            change = body.current
            if change is not None:
                self._jump(change.row)
        elif isinstance(body, OverviewBody):
            self._session.component = body.chosen or None
            self._open(self._tree)
        else:
            self._toggle(self._tree.current)

    def _toggle(self, line: TreeLine | None) -> None:
        if line is None:
            return
        if line.kind == "more":
            self._tree.turn_page(line)
        elif line.open is not None:
            self._tree.fold(line.path, unfolded=not line.open)
        self._draw()
        self.go_on()

    def action_fold(self) -> None:
        """Close the line's branch; on a leaf, go to the branch it is on; out of a list, back to the tree."""
        if self._body is not self._tree:
            self.action_close()
            return
        line = self._tree.current
        if line is None:
            return
        if line.open:
            self._toggle(line)
            return
        paths = [one.path for one in self.view.lines]
        if line.path[:-1] in paths:
            self.to_line(paths.index(line.path[:-1]))

    def action_close(self) -> None:
        """Back to the tree."""
        self._open(self._tree)

    def _open(self, body: Body) -> None:
        self._body = body
        self._then = self._search = None
        self._tree.sync(self._height)
        body.sync(self._height)
        self._draw()
        self.go_on()

    def action_history(self) -> None:
        """All changes of the chosen field, or back to the tree."""
        field = self._field()
        if isinstance(self._body, HistoryBody):
            self.action_close()
        elif field is not None:
            self._open(HistoryBody(self._session, field, self._session.cursor))

    def action_overview(self) -> None:
        """All components, or back to the tree."""
        if isinstance(self._body, OverviewBody):
            self.action_close()
        else:
            tree = self._tree
            overview = OverviewBody(self._session, tree.base, only_changed=tree.only_changed)
            self._open(overview)
            self.to_line(overview.place_of(tree.component))

    def action_component(self, step: int) -> None:
        """Pin the next (or previous) of the components that have told a state."""
        names = self._session.log.state_components
        if not names:
            self._session.say("no component has told a state")
            return
        shown = self._tree.component
        first = 0 if step > 0 else -1
        chosen = names[(names.index(shown) + step) % len(names)] if shown in names else names[first]
        self._session.component = chosen
        self._open(self._tree)

    def action_release(self) -> None:
        """The component of the event at the cursor again."""
        self._session.component = None
        self._open(self._tree)

    def action_only_changed(self) -> None:
        """Only what changed, or everything."""
        self._tree.only_changed = not self._tree.only_changed
        if isinstance(self._body, OverviewBody):
            self._body.only_changed = self._tree.only_changed
        self.sync()

    def action_base(self) -> None:
        """Compare with the state at this moment from now on; again: with the one before."""
        tree, session = self._tree, self._session
        tree.base = -1 if tree.base >= 0 else session.cursor
        if isinstance(self._body, OverviewBody):
            self._body.base = tree.base
        compared = (
            "what changed since this moment" if tree.base >= 0 else "what changed since the state before"
        )
        session.say(f"the state shows {compared}")
        self.sync()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What closes works where something is open; otherwise these keys are the application's."""
        del parameters
        return action != "close" or self._body is not self._tree

    # --- who changed it ------------------------------------------------------------------------------

    def _field(self) -> Field | None:
        """The chosen field, in the tree; says why not."""
        if isinstance(self._body, OverviewBody):
            self._session.say("choose a component first")
            return None
        field = self._tree.field
        if field is None:
            self._session.say("no field is chosen here")
        return field

    def action_who(self) -> None:
        """To the event that last changed the chosen field; from there, to the message that was handled."""
        if isinstance(self._body, HistoryBody):
            change = self._body.current
            if change is not None:
                self._jump_to_message(change.row)
        elif self._field() is not None:
            self._then = self._to_who
            self.go_on()

    def _to_who(self) -> None:
        change = self._tree.change
        if change is None:
            self._session.say("this field was never there up to here")
        elif change.row == self._session.cursor:
            self._jump_to_message(change.row)
        elif change.kind == "unknown":
            self._jump(change.row, said=_LOST)
        else:
            self._jump(change.row)

    def _jump_to_message(self, row: int) -> None:
        who = origin(self._session.log, row)
        message = who.receive if who.receive != row else who.publish  # the receive itself told the state
        self._jump(message, "it changed here; the log does not tell what was handled")

    def action_change(self, direction: int) -> None:
        """To the change of the chosen field before the cursor, or after it."""
        field, session = self._field(), self._session
        if field is not None and session.cursor >= 0:
            row = session.cursor if direction > 0 else session.cursor - 1
            self._search = FieldSearch(session.log, *field, row, forwards=direction > 0)
            self.go_on()

    def _arrive(self, search: FieldSearch) -> None:
        way = "after" if search.forwards else "before"
        field = self._tree.field
        name = path_text(field[2]) if field is not None else "this field"
        found = search.changes[0] if search.changes else None
        if found is None:
            self._jump(None, f"no change of {name} {way} this event")
        elif found.kind != "unknown":
            self._jump(found.row)
        elif search.forwards:
            self._jump(found.row, said=_LOST)
        else:
            self._jump(None, f"no change of {name} before this event that can still be read")

    def _jump(self, row: int | None, otherwise: str = "", said: str = "") -> None:
        """To `row`, and say what is to be `said` of it; or why there is none."""
        if self._session.jump(row, otherwise) and said:
            self._session.say(said)
        self.sync()

    # --- mouse ------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Choose a line; its glyph, or the chosen one again: open or close; a leaf twice: who changed it."""
        body, number = self._body, self.item_at(event.y)
        if number is None:
            return
        again = number == body.line
        self.to_line(number)
        if body is not self._tree:
            if event.chain == _TWICE:
                self.action_unfold()
            return
        line = self.view.lines[number]
        branch = line.open is not None or line.kind == "more"
        if branch and (again or event.x in fold_column(line)):
            self._toggle(line)
        elif not branch and event.chain == _TWICE:
            self.action_who()

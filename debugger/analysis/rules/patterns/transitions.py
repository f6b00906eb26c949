"""A table of the edges that a state machine may take."""

from __future__ import annotations

from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Rule, Transitions


class _State:
    __slots__ = ("begun", "excused", "last", "state")

    def __init__(self) -> None:
        self.begun: Seen | None = None
        self.state: str | None = None
        self.last: Seen | None = None
        self.excused = False


class TransitionsJudge(Judge[_State]):
    """The first state is taken as given. States that are not in the table are not judged.

    What is found shows the event that made the former state too: where none did, the one that the machine
    began with.
    """

    new_state = _State
    creates = frozenset({"event", "excuse", "begin"})

    def __init__(self, case: Transitions, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._case = case
        self._edges = {one.upper(): {to.upper() for to in several} for one, several in case.edges.items()}
        self._known = set(self._edges).union(*self._edges.values())
        self._rest = case.rest.upper() if case.rest else None

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        if seen.binding.role == "excuse":
            state.excused = True
            return
        if seen.binding.role == "begin":
            state.begun = state.begun or seen
            return
        new = _name(seen.value(self._case.to))
        if new is None:
            return
        told = _name(seen.value(self._case.came_from)) if self._case.came_from else None
        old = told or state.state
        if old is not None and new != old:
            self._step(old, new, seen, state, told)
        if new != state.state:
            state.excused = False
        state.state, state.last = new, seen

    def _step(self, old: str, new: str, seen: Seen, state: _State, told: str | None) -> None:
        unknown = next((one for one in (old, new) if one not in self._known), None)
        if unknown is not None:
            self.unkeyed[f"state {unknown} that is not in the table"] += 1
        elif new not in self._edges.get(old, ()) and not (new == self._rest and state.excused):
            last = (state.last,) if state.last is not None else ()
            since = state.last.row if state.last is not None and told is None else None
            begun = (state.begun.row,) if state.begun is not None and not last else ()
            self.violated(seen, last, since=since, shown=begun, old=old, new=new)


def _name(value: object) -> str | None:
    return value.upper() if isinstance(value, str) and value else None

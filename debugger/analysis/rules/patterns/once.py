"""Exactly once, or so many times."""

from __future__ import annotations

from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Once, Rule


class _State:
    __slots__ = ("exempt", "seen", "subject")

    def __init__(self) -> None:
        self.seen: list[tuple[object, Seen]] = []
        self.exempt: set[object] = set()
        self.subject: Seen | None = None


class OnceJudge(Judge[_State]):
    """Too often is wrong at once, too seldom when the session has ended."""

    new_state = _State
    creates = frozenset({"subject", "event", "exempt"})

    def __init__(self, case: Once, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._case = case

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        role, name = seen.binding.role, self._case.owner
        if role == "subject":
            state.subject = state.subject or seen
            return
        owner = seen.value(name) if name is not None else None
        if role == "exempt":
            state.exempt.add(owner)
            state.seen = [one for one in state.seen if one[0] is None or one[0] != owner]
            return
        if owner is not None and owner in state.exempt:
            return
        if len(state.seen) < self._case.at_most:
            state.seen.append((owner, seen))
        else:
            first = (state.seen[0][1],) if state.seen else ()
            self.violated(seen, first, count=self._case.at_most + 1)

    def finish(self, state: _State, fact: Fact) -> None:
        """The session has ended, by `fact`."""
        if self.unfinished(state) and state.subject is not None:
            end = Seen(fact, state.subject.binding)
            lost = self.context.lost(state.subject.row, end.row)
            since = state.subject.row - 1 if lost else None
            self.violated(state.subject if not lost else end, since=since, count=len(state.seen))

    def unfinished(self, state: _State) -> int:
        """How much of a key is still open."""
        return int(state.subject is not None and len(state.seen) < self._case.at_least)

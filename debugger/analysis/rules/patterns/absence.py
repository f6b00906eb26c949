"""After A, no B."""

from __future__ import annotations

from typing import Final

from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Absence, Rule

_PREDICTIONS: Final = 4


class _State:
    __slots__ = ("after", "exempt", "last")

    def __init__(self) -> None:
        self.after: dict[int, Seen] = {}
        self.exempt = False
        self.last: dict[int, Seen] = {}  # of each part of `never`, and component, the last before A


class AbsenceJudge(Judge[_State]):
    """B after all of A is wrong. B before A is asked for what orders the two."""

    new_state = _State
    only_creates = frozenset({"subject"})
    creates = frozenset({"subject", "after", "unless", "revive", "never"})

    def __init__(self, case: Absence, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._needed = {one.place for one in bindings if one.role == "after"}
        self._predict = case.predict
        # What is lost may be such an event; there is none that makes right what is wrong without them.
        self._may_excuse = bool(case.revive)
        self._folded: set[str] = set()
        if not case.predict:
            self.creates = type(self).creates - {"never"}
            self._fold()

    def _fold(self) -> None:
        """What makes a key known and is then looked for in it is taken in once."""
        subjects = {one.part.event: one for one in self.bindings if one.role == "subject"}
        for one in self.bindings:
            if one.role != "never" or one.part.key is not None or one.part.fallback:
                continue
            if self._needed:
                one.quiet = self._is_quiet
            subject = subjects.get(one.part.event)
            if subject is not None and subject.part == one.part:
                one.creates = True
                self._folded.add(one.part.event)

    def _is_quiet(self, state: _State) -> bool:
        return state.exempt or len(state.after) < len(self._needed)

    def folded(self, binding: Binding) -> bool:
        """Whether another part of the case says all that an event says here."""
        return binding.role == "subject" and binding.part.event in self._folded

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        role = seen.binding.role
        if role == "after":
            self._after(seen, state)
        elif role == "unless":
            state.exempt = True
        elif role == "revive":
            state.after.clear()
            state.exempt = False
        elif role == "never":
            if state.exempt or len(state.after) < len(self._needed):
                if self._predict:
                    state.last[seen.binding.place] = seen
            else:
                last = max(state.after.values(), key=lambda one: one.row)
                self.violated(seen, (last,), since=last.row if self._may_excuse else None)

    def asleep(self, state: _State) -> bool:
        """Whether an event with a shorter key would change nothing."""
        return len(state.after) == len(self._needed)

    def _after(self, seen: Seen, state: _State) -> None:
        first = seen.binding.place not in state.after
        state.after.setdefault(seen.binding.place, seen)
        if self._predict and first and len(state.after) == len(self._needed) and not state.exempt:
            for last in state.last.values():
                self.predicted(last, seen)

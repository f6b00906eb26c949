"""A number that only goes up."""

from __future__ import annotations

from typing import Any, Final

from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Monotone, Rule

_PREDICTIONS: Final = 64


class _State:
    __slots__ = ("asked", "last", "value")

    def __init__(self) -> None:
        self.last: Seen | None = None
        self.value: Any = None
        self.asked = 0


class MonotoneJudge(Judge[_State]):
    """From the first number on. A step back is wrong; a step too far too, unless events are lost."""

    new_state = _State
    creates = frozenset({"event"})

    def __init__(self, case: Monotone, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._name = case.value
        self._by_one = case.step == "one"
        self._predict = case.predict

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        value, last = seen.value(self._name), state.last
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.unkeyed[f"{seen.fact.message or seen.fact.kind} has no {self._name}"] += 1
            return
        if last is not None:
            expected = state.value + 1
            if value <= state.value:
                self.violated(seen, (last,), value=value, expected=expected)
                return  # what follows is counted from the highest
            if self._by_one and value != expected:
                self.violated(seen, (last,), since=last.row, value=value, expected=expected)
            elif self._predict and state.asked < _PREDICTIONS:
                state.asked += 1
                self.predicted(last, seen, value=value, expected=expected)
        state.last, state.value = seen, value

"""What is used is what is valid."""

from __future__ import annotations

from typing import Any

from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Freshness, Rule


class _State:
    __slots__ = ("begun", "used")

    def __init__(self) -> None:
        self.begun: Seen | None = None  # what was valid when the key began
        self.used: Seen | None = None


class FreshnessJudge(Judge[_State]):
    """An older value than was valid at the beginning is wrong, and so, without a `set`, are two values."""

    new_state = _State
    creates = frozenset({"begin", "use"})
    once_a_session = frozenset({"set"})

    def __init__(self, case: Freshness, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._fields = case.fields
        self._sets = bool(case.set)
        self._valid: dict[str | None, Seen] = {}

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        role = seen.binding.role
        if role == "begin":
            state.begun = state.begun or self._valid.get(seen.fact.session)
        elif role == "set":
            self._valid[seen.fact.session] = seen
        elif self._sets:
            if state.begun is not None:
                self._compare(state.begun, seen)
        elif state.used is None:
            state.used = seen
        else:
            self._same(state.used, seen)

    def session_ended(self, session: str | None, fact: Fact) -> None:
        """Nothing more comes of a session."""
        super().session_ended(session, fact)
        self._valid.pop(session, None)

    def _compare(self, valid: Seen, seen: Seen) -> None:
        for name in self._fields:
            was, now = valid.value(name), seen.value(name)
            if was is None or now is None:
                continue
            if now < was if _numbers(was, now) else now != was:
                self.violated(seen, (valid,), value=now, expected=was, field=name)
            return

    def _same(self, first: Seen, seen: Seen) -> None:
        for name in self._fields:
            was, now = first.value(name), seen.value(name)
            if was is not None and now is not None and was != now:
                self.violated(seen, (first,), value=now, expected=was, field=name)
                return


def _numbers(one: Any, other: Any) -> bool:
    return isinstance(one, int | float) and isinstance(other, int | float)

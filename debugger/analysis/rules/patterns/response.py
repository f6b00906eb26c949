"""A is answered by B, in time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.ledger import INTEGRITY, VIOLATION, Charge
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Response, Rule
from debugger.log.query.times import span

_OPEN: Final = 256
_SETTLED: Final = 256
_NOW: Final = 1 << 62  # a row after all that were seen


class _Open:
    """A request without an answer. ``due_ns`` is when there was all that an answer needs."""

    __slots__ = ("due_ns", "item", "need", "over", "owner", "seen", "value")

    def __init__(self, seen: Seen, item: Any, owner: Any, value: Any) -> None:
        self.seen = seen
        self.item = item
        self.owner = owner
        self.value = value
        self.due_ns: int | None = None
        self.need: Seen | None = None
        self.over = False


class _State:
    __slots__ = ("answered", "first_value", "need", "need_value", "needs", "open", "settled")

    def __init__(self) -> None:
        self.open: OrderedDict[Any, _Open] = OrderedDict()
        self.settled: OrderedDict[Any, None] = OrderedDict()  # whose requests are
        self.need: Seen | None = None
        self.first_value: Any = None
        self.need_value: Any = None
        self.needs = 0
        self.answered = 0

    @property
    def supply(self) -> int:
        """How many there were of what is needed: by their numbers, for one may be told of twice."""
        if _number(self.need_value) and _number(self.first_value):
            return int(self.need_value - self.first_value) + 1
        return self.needs


class ResponseJudge(Judge[_State]):
    """Judged when an answer comes too late, at an end before any came, or by the time that has passed."""

    waits = True

    new_state = _State
    creates = frozenset({"request", "needs", "settled", "answer"})

    def __init__(self, case: Response, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._case = case
        self._needed = [one.part.event for one in bindings if one.role == "needs"]
        self._within = _ns(case.within)
        self.timed = self._within is not None
        self._excuse_within = _ns(case.excuse_within)
        self._resets = any(one.part.key is not None for one in bindings if one.role in ("needs", "reset"))
        if not case.counted:
            self.creates = type(self).creates - {"answer"}
        self._on: dict[str, Callable[[Seen, _State], None]] = {
            "request": self._on_request,
            "needs": self._on_needs,
            "reset": self._on_reset,
            "answer": self._on_answer,
            "settled": self._on_settled,
            "excuse": self._on_excuse,
            "until": self._on_until,
            "over": self._on_over,
        }

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        self._on[seen.binding.role](seen, state)

    def asleep(self, state: _State) -> bool:
        """Whether an event with a shorter key would change nothing."""
        return not state.open and (state.need is None or not self._resets)

    def asks_whether_seen(self) -> set[str]:
        """Events of which it matters that they were there at all, in whatever session."""
        return super().asks_whether_seen() | set(self._needed)

    # --- parts ---------------------------------------------------------------------------------

    def _on_request(self, seen: Seen, state: _State) -> None:
        case = self._case
        owner = seen.value(case.owner) if case.owner else None
        if state.settled and (owner is None or None in state.settled or owner in state.settled):
            return
        item = seen.value(case.item) if case.item else None
        value = seen.value(case.request_value) if case.request_value else None
        one = _Open(seen, item, owner, value)
        state.open[seen.row if item is None else item] = one
        if len(state.open) > _OPEN:
            state.open.popitem(last=False)
            self.given_up += 1
        self._meet(one, state, seen.fact.time_ns)

    def _on_needs(self, seen: Seen, state: _State) -> None:
        value = seen.value(self._case.needs_value) if self._case.needs_value else None
        state.needs += 1
        if state.need is None:
            state.first_value = value
        if state.need is None or (
            _number(value) and (not _number(state.need_value) or value > state.need_value)
        ):
            state.need, state.need_value = seen, value
        for one in state.open.values():
            self._meet(one, state, seen.fact.time_ns)

    def _meet(self, one: _Open, state: _State, now_ns: int) -> None:
        if one.due_ns is not None:
            return
        if self._case.needs:
            if state.need is None:
                return
            if _number(one.value) and _number(state.need_value) and state.need_value < one.value:
                return
            if self._case.counted and state.supply <= state.answered:
                return
        one.due_ns, one.need = now_ns, state.need

    def _on_reset(self, _: Seen, state: _State) -> None:
        state.need = state.need_value = state.first_value = None
        state.needs = state.answered = 0
        for one in state.open.values():
            one.due_ns = one.need = None

    def _on_answer(self, seen: Seen, state: _State) -> None:
        state.answered += 1
        if not state.open:
            return
        item = seen.value(self._case.item) if self._case.item else None
        for one in self._answered(item, state):
            if self._late(one, seen.fact.time_ns, self._within):
                self._wrong(one, seen.fact)

    def _answered(self, item: Any, state: _State) -> list[_Open]:
        """What an answer is to: its item; without one the oldest that has none either, or all."""
        if item is not None:
            found = state.open.pop(item, None)
            return [found] if found is not None else []
        bare = [key for key, one in state.open.items() if one.item is None]
        which = bare[:1] if bare and self._case.item else list(state.open)
        return [state.open.pop(key) for key in which]

    def _on_settled(self, seen: Seen, state: _State) -> None:
        owner = seen.value(self._case.owner) if self._case.owner else None
        for item in self._own(seen, state):
            del state.open[item]
        state.settled[owner] = None
        if len(state.settled) > _SETTLED:
            state.settled.popitem(last=False)

    def _on_excuse(self, seen: Seen, state: _State) -> None:
        for item in self._own(seen, state):
            one = state.open.pop(item)
            limit = self._excuse_within if self._excuse_within is not None else self._within
            if self._late(one, seen.fact.time_ns, limit):
                self._wrong(one, seen.fact)

    def _on_until(self, seen: Seen, state: _State) -> None:
        for item in self._own(seen, state):
            one = state.open.pop(item)
            if one.due_ns is not None and one.seen.row != seen.row and self._counts(one, seen.fact):
                self._wrong(one, seen.fact)

    def _on_over(self, seen: Seen, state: _State) -> None:
        for one in state.open.values():
            one.over = one.over or one.seen.row != seen.row

    def _own(self, seen: Seen, state: _State) -> list[Any]:
        owner = seen.value(self._case.owner) if self._case.owner else None
        return [
            item
            for item, one in state.open.items()
            if owner is None or one.owner is None or one.owner == owner
        ]

    # --- ends ----------------------------------------------------------------------------------

    def finish(self, state: _State, fact: Fact) -> None:
        """The session has ended, by `fact`."""
        for one in state.open.values():
            if one.due_ns is not None and self._counts(one, fact):
                self._wrong(one, fact)
        state.open.clear()

    def settle(self, state: _State, fact: Fact) -> None:
        """The recording has ended, the session has not."""
        for item, one in list(state.open.items()):
            if one.due_ns is not None and one.over and self._counts(one, fact):
                del state.open[item]
                self._wrong(one, fact)

    def unfinished(self, state: _State) -> int:
        """How much of a key is still open."""
        return sum(one.due_ns is not None for one in state.open.values())

    def pending(self, now_ns: int) -> int:
        """How much would be decided by what comes."""
        return super().pending(now_ns) - len(self.overdue(now_ns))

    def overdue(self, now_ns: int) -> list[tuple[str, Charge]]:
        """What is decided by the time that has passed, though nothing came."""
        if self._within is None:
            return []
        return [
            self._charged(one, now_ns, _NOW)
            for state in self.states()
            for one in state.open.values()
            if self._late(one, now_ns, self._within) and not self.context.held(one.seen.row, _NOW)
        ]

    def lacks(self) -> list[str]:
        """What was not judged for want of it."""
        needs = self._needed
        bare = (
            needs
            and not any(self.context.seen(name, _NOW) for name in needs)
            and any(one.open for one in self.states())
        )
        return [*super().lacks(), *([f"the log has no {' or '.join(needs)}"] if bare else [])]

    def _counts(self, one: _Open, by: Fact) -> bool:
        """Whether it is wrong to end without an answer."""
        return not self._case.late_only or self._late(one, by.time_ns, self._within)

    def _late(self, one: _Open, now_ns: int, limit: int | None) -> bool:
        return limit is not None and one.due_ns is not None and now_ns - one.due_ns > limit

    def _wrong(self, one: _Open, by: Fact) -> None:
        if self._within is not None and self.context.held(one.seen.row, by.row):
            return
        verdict, charge = self._charged(one, by.time_ns, by.row)
        self.context.enter(verdict, charge)

    def _charged(self, one: _Open, now_ns: int, row: int) -> tuple[str, Charge]:
        lost = self.context.lost(one.seen.row, row)
        need = (one.need,) if one.need is not None and one.need.row != one.seen.row else ()
        waited = f"{max(now_ns - (one.due_ns or 0), 0) / 1e6:,.0f} ms"
        began = one.seen.fact.received()
        shown = () if began is None or began == one.seen.row else (began,)
        return INTEGRITY if lost else VIOLATION, self.charge(one.seen, need, shown=shown, waited=waited)


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _ns(text: str | None) -> int | None:
    return None if text is None else span(text)

"""A before B."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from debugger.analysis.rules.ledger import Charge, light
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Precedence, Rule

_HELD: Final = 1_000
_VIA: Final = 256
_PREDICTIONS: Final = 4  # events of a key whose order is asked for
_AWAITED: Final = 16  # findings of a key that are told what came too late


class _State:
    __slots__ = ("asked", "awaited", "first", "via")

    def __init__(self) -> None:
        # By what is missing; of findings that are told as one, the first.
        self.awaited: dict[int, dict[tuple[Any, ...], tuple[str, Charge]]] = {}
        self.first: dict[int, Seen] = {}
        self.via: OrderedDict[Any, Seen] = OrderedDict()
        self.asked = 0


class PrecedenceJudge(Judge[_State]):
    """B without A is wrong at once, if the log has such an A at all; else it is not judged.

    An A that comes too late is shown with the B. With an A before it, the first few B of a key are asked
    whether something orders them.
    """

    new_state = _State
    creates = frozenset({"first", "then", "via"})

    def __init__(self, case: Precedence, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._predict = case.predict
        self._item = case.item
        firsts = [one for one in bindings if one.role == "first"]
        self._events = {one.place: one.part.event for one in firsts}
        self._held: dict[int, list[tuple[Seen, _State]]] = {index: [] for index in self._events}

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        match seen.binding.role:
            case "via":
                state.via.setdefault(self._item_of(seen), seen)
                if len(state.via) > _VIA:
                    state.via.popitem(last=False)
            case "first":
                index = seen.binding.place
                state.first.setdefault(index, seen)
                held, self._held[index] = self._held[index], []
                for one, of in held:
                    self._wrong(one, index, of)
                for verdict, charge in state.awaited.pop(index, {}).values():
                    self.context.came(verdict, charge, seen.row)
            case _:
                state.asked += 1
                for index in self._events:
                    self._then(seen, index, state)

    def _then(self, seen: Seen, index: int, state: _State) -> None:
        event, known = self._events[index], state.first.get(index)
        if known is not None:
            if self._predict and state.asked <= _PREDICTIONS:
                self.predicted(known, seen, via=state.via.get(self._item_of(seen)), missing=event)
        elif self.context.seen(event, seen.row):
            self._wrong(seen, index, state)
        elif len(self._held[index]) < _HELD:
            self._held[index].append((seen, state))
        else:
            self.given_up += 1

    def asks_whether_seen(self) -> set[str]:
        """Events of which it matters that they were there at all, in whatever session."""
        return super().asks_whether_seen() | set(self._events.values())

    def _item_of(self, seen: Seen) -> Any:
        return seen.value(self._item) if self._item else None

    def _wrong(self, seen: Seen, first: int, state: _State) -> None:
        since, event = self.context.began(seen.fact.session), self._events[first]
        verdict, charge = self.violated(seen, since=since, awaits=event, missing=event)
        awaited = state.awaited.setdefault(first, {})
        if len(awaited) < _AWAITED:
            awaited.setdefault(charge.per, (verdict, light(charge)))

    def lacks(self) -> list[str]:
        """What was not judged for want of it."""
        held = [self._events[index] for index, some in self._held.items() if some]
        return [*super().lacks(), *(f"the log has no {event}" for event in held)]

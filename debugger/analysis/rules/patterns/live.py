"""At most n at once."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Live, Rule

_ENDED: Final = 1_024
_LIVE: Final = 1_024


class _State:
    __slots__ = ("ended", "half", "live", "second")

    def __init__(self) -> None:
        self.live: OrderedDict[Any, Seen] = OrderedDict()
        self.ended: OrderedDict[Any, Seen] = OrderedDict()
        self.half: dict[Any, Seen] = {}  # ended, if the log has no better word for it
        self.second: dict[Any, Seen] = {}  # what began while those were half ended


class LiveJudge(Judge[_State]):
    """One more than may be live is wrong. One that begins after the last ended is asked for what orders them.

    If who begins it handles one message after the other, and has handled one that came after the end, then it
    could know of the end: whether it looks, a log cannot tell, and it is not suspected.
    """

    new_state = _State
    creates = frozenset({"begin", "end"})
    own_fallbacks = True

    def __init__(self, case: Live, rule: Rule, bindings: list[Binding], context: Context) -> None:
        super().__init__(case, rule, bindings, context)
        self._item = case.item
        self._most = case.most
        self._predict = case.predict
        self._best = [one.part.event for one in bindings if one.role == "end" and not one.part.fallback]

    def take(self, seen: Seen, state: _State) -> None:
        """Judge an event of a key."""
        item = seen.value(self._item)
        if item is None:
            self.unkeyed[f"{seen.fact.message or seen.fact.kind} has no {self._item}"] += 1
        elif seen.binding.role == "end":
            self._ends(item, seen, state)
        elif item not in state.live and item not in state.ended:
            self._begins(item, seen, state)

    def asks_whether_seen(self) -> set[str]:
        """Events of which it matters that they were there at all, in whatever session."""
        return super().asks_whether_seen() | set(self._best)

    def _begins(self, item: Any, seen: Seen, state: _State) -> None:
        certain = any(self.context.seen(name, seen.row) for name in self._best)
        live = [one for one in state.live if certain or one not in state.half]
        if len(live) >= self._most:
            self._wrong(state.live[live[0]], seen, live[0])
        else:
            for one in state.live:
                if one in state.half:
                    state.second.setdefault(one, seen)
            if self._predict and state.ended:
                last = next(reversed(state.ended))
                self.predicted(state.ended[last], seen, guarded=True, other=last)
        state.live[item] = seen
        if len(state.live) > _LIVE:
            state.live.popitem(last=False)
            self.given_up += 1

    def _wrong(self, first: Seen, second: Seen, other: Any) -> None:
        self.violated(second, (first,), since=first.row, other=other)

    def _ends(self, item: Any, seen: Seen, state: _State) -> None:
        if seen.binding.part.fallback:
            if item in state.live:
                state.half.setdefault(item, seen)
            return
        began = state.live.pop(item, None)
        state.half.pop(item, None)
        second = state.second.pop(item, None)
        if began is not None and second is not None:  # the end was not the end after all
            self._wrong(began, second, item)
        state.ended[item] = seen
        state.ended.move_to_end(item)
        if len(state.ended) > _ENDED:
            state.ended.popitem(last=False)

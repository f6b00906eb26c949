"""What all patterns have in common: keys, sessions, events that are not decided yet, and what was found."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from debugger.analysis.rules.deliveries import Delivery
from debugger.analysis.rules.doubts import Doubt
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.ledger import INTEGRITY, VIOLATION, Charge
from debugger.analysis.rules.patterns.binding import Binding, Seen
from debugger.analysis.rules.schema import Case, Rule

SESSIONS: Final = 10_000
"""Sessions that a case knows at once; the one that was idle longest is given up."""

KEYS: Final = 1_024
"""Keys of a session that a case knows at once; the oldest is given up."""

WAITING: Final = 4_096
"""Events of a session that wait for a handler to end; then it counts as one that drops nothing."""

Key = tuple[Any, ...]


class Context(Protocol):
    """What a pattern may ask of the log as a whole."""

    def doubt(self, doubt: Doubt, charge: Callable[[], Charge]) -> None:
        """What went well is predicted, if nothing orders it; that may turn out later."""
        ...

    def lost(self, low: int, high: int) -> bool:
        """Whether events may be missing from above a row up to another."""
        ...

    def held(self, low: int, high: int) -> bool:
        """Whether somebody did anything to the bus by hand between two rows: who waited, waited for them."""
        ...

    def began(self, session: str | None) -> int:
        """A row right before all that is known of a session."""
        ...

    def seen(self, event: str, row: int) -> bool:
        """Whether there was an event at all up to a row."""
        ...

    def enter(self, verdict: str, charge: Charge) -> None:
        """Note what was found."""
        ...

    def came(self, verdict: str, charge: Charge, row: int) -> None:
        """What a charge awaits is there, in a row."""
        ...


State = TypeVar("State")


class Known(Generic[State]):
    """What a case knows of a session. ``awake`` are the keys that an event with a shorter key may concern."""

    __slots__ = ("awake", "keys", "opened", "serial")

    def __init__(self) -> None:
        self.keys: OrderedDict[Key, tuple[int, State]] = OrderedDict()
        self.awake: dict[Key, tuple[int, State]] = {}
        self.serial = 0
        self.opened = False


class Judge(Generic[State]):
    """Judges one case. Events of a session are taken in their order, once it is known that they count."""

    new_state: ClassVar[Callable[[], Any]]
    creates: frozenset[str]
    """Roles that make a key known; of one that is not known the others say nothing."""
    only_creates: ClassVar[frozenset[str]] = frozenset()
    """Roles that say nothing of a key that is known."""
    once_a_session: ClassVar[frozenset[str]] = frozenset()
    """Roles that are about the session as a whole, whatever keys there are."""
    timed: bool = False
    """Whether time alone may decide something."""
    waits: ClassVar[bool] = False
    """Whether it is about what does not come, or comes late, whatever else came in which order."""
    own_fallbacks: ClassVar[bool] = False
    """Whether the pattern itself says when an event counts that is only a fallback."""

    def __init__(self, case: Case, rule: Rule, bindings: list[Binding], context: Context) -> None:
        self._rule = rule
        self._message = case.message or rule.title
        self._between = case.between
        self.context: Final = context
        self.bindings: Final = bindings
        self._sessions: OrderedDict[str | None, Known[State]] = OrderedDict()
        self._queues: dict[str | None, deque[tuple[Binding, Fact, Delivery | None]]] = {}
        self.number = 0
        """Of the case among all; of several findings at one row that of the first is told."""
        self.waiters: dict[str | None, dict[Judge[Any], None]] = {}
        """By session the judges that wait there; one for all judges of a program."""
        self._crowded = False
        self._reaching = any(one.part.key is not None for one in bindings)
        self._particular = case.between is not None or any(one.part.fallback for one in bindings)
        self.unkeyed: Final[Counter[str]] = Counter()
        self.given_up = 0
        self._better = {
            role: [one.part.event for one in bindings if one.role == role and not one.part.fallback]
            for role in {one.role for one in bindings if one.part.fallback}
        }

    def prepare(self, *more: Binding) -> None:
        """All is known of the case: say what its events can do, those of its scope too."""
        for one in (*self.bindings, *more):
            once = one.role in self.once_a_session
            one.direct = one.part.key is None or once
            one.creates = one.creates or once or one.role in self.creates
            one.only_creates = one.role in self.only_creates
            one.makes_known = (one.creates and one.direct) or one.role == "between"

    def folded(self, binding: Binding) -> bool:
        """Whether another part of the case says all that an event says here."""
        del binding
        return False

    # --- taking in -----------------------------------------------------------------------------

    def push(self, binding: Binding, fact: Fact, delivery: Delivery | None) -> None:
        """The next event, which counts if its delivery does."""
        queue = self._queues.get(fact.session)
        if queue is None:
            if delivery is None or delivery.counts:
                self.take_in(binding, fact)
                return
            if delivery.dropped or self._says_nothing(binding, fact):
                return
            queue = self._queues[fact.session] = deque()
            self.waiters.setdefault(fact.session, {})[self] = None
        queue.append((binding, fact, delivery))
        if len(queue) > WAITING:
            self.take_in(*queue.popleft()[:2])
            self.drain(fact.session)

    def _says_nothing(self, binding: Binding, fact: Fact) -> bool:
        """Whether nothing is known of a session that the event could concern."""
        known = self._sessions.get(fact.session)
        return (known is None or not known.keys) and not binding.makes_known

    @property
    def knows(self) -> Iterable[str | None]:
        """Sessions of which it knows something, or may when what waits is decided."""
        return (*self._sessions, *self._queues)

    def better_than(self, binding: Binding) -> frozenset[str]:
        """Events after any of which one that is only a fallback says nothing more."""
        if not binding.part.fallback or self.own_fallbacks:
            return frozenset()
        return frozenset(self._better[binding.role])

    def asks_whether_seen(self) -> set[str]:
        """Events of which it matters that they were there at all, in whatever session."""
        return {name for several in self._better.values() for name in several}

    def drain(self, session: str | None, *, all_count: bool = False) -> None:
        """Take what waited in a session, as far as it is decided."""
        queue = self._queues.get(session)
        if queue is None:
            return
        while queue:
            binding, fact, delivery = queue[0]
            if delivery is None or delivery.counts or (all_count and not delivery.dropped):
                self.take_in(binding, fact)
            elif not delivery.dropped:
                return
            queue.popleft()
        self._stop_waiting(session)

    def _stop_waiting(self, session: str | None) -> None:
        if self._queues.pop(session, None) is not None:
            waiters = self.waiters.get(session, {})
            waiters.pop(self, None)
            if not waiters:
                self.waiters.pop(session, None)

    @property
    def waiting(self) -> list[str | None]:
        """Sessions with events that are not decided."""
        return list(self._queues)

    def take_in(self, binding: Binding, fact: Fact) -> None:  # noqa: C901 - one look each, millions of times
        """An event that counts, in a session where nothing waits."""
        known = self._sessions.get(fact.session)
        if known is None:
            if not binding.makes_known:
                return
            known = self._begin(fact.session)
        elif self._crowded:
            self._sessions.move_to_end(fact.session)
        if self._particular and not self._admits(known, binding, fact):
            return
        key = binding.key(fact)
        if key is None:
            lacks = next((name for name, get in binding.needed if get(fact) is None), "?")
            self.unkeyed[f"{fact.message or fact.kind} has no {lacks}"] += 1
        elif binding.direct:
            place = known.keys.get(key)
            if place is None:
                if not binding.creates:
                    return
                place = self._new(known, key)
            elif binding.only_creates:
                return
            if binding.quiet is not None and binding.quiet(place[1]):
                if self._reaching and key not in known.awake:
                    self._judge(Seen(fact, binding), known, key, place)
                return
            self._judge(Seen(fact, binding), known, key, place)
        else:
            self._judge_several(Seen(fact, binding), known, key)

    def _judge(self, seen: Seen, known: Known[State], key: Key, place: tuple[int, State]) -> None:
        state = place[1]
        self.take(seen, state)
        if not self._reaching:
            return
        if self.asleep(state):
            known.awake.pop(key, None)
        else:
            known.awake[key] = place

    def _judge_several(self, seen: Seen, known: Known[State], key: Key) -> None:
        """An event with a shorter key: all keys that begin so."""
        reach, count = seen.binding.part.reach, len(key)
        own = seen.binding.whole(seen.fact) if reach != "all" else None
        if own in known.awake and len(known.awake) == 1:
            return
        limit = known.serial
        if reach == "older" and own is not None and own in known.keys:
            limit = known.keys[own][0]
        for other, place in list(known.awake.items()):
            if other[:count] == key and other != own and place[0] <= limit:
                self._judge(seen, known, other, place)

    def _admits(self, known: Known[State], binding: Binding, fact: Fact) -> bool:
        """Whether an event is in the scope of the case, and no better word for the same is known."""
        if self._between is not None and not self._inside(known, binding, fact):
            return False
        if not binding.part.fallback or self.own_fallbacks:
            return True
        return not any(self.context.seen(name, fact.row) for name in self._better[binding.role])

    def _begin(self, session: str | None) -> Known[State]:
        known: Known[State] = Known()
        self._sessions[session] = known
        self._crowded = len(self._sessions) > SESSIONS // 2
        if len(self._sessions) > SESSIONS:
            gone, lost = self._sessions.popitem(last=False)
            self.given_up += sum(self.unfinished(state) for _, state in lost.keys.values())
            self._stop_waiting(gone)
        return known

    def _new(self, known: Known[State], key: Key) -> tuple[int, State]:
        if len(known.keys) >= KEYS:
            old, (_, lost) = known.keys.popitem(last=False)
            known.awake.pop(old, None)
            self.given_up += self.unfinished(lost)
        known.serial += 1
        place: tuple[int, State] = (known.serial, type(self).new_state())
        known.keys[key] = place
        return place

    def _inside(self, known: Known[State], binding: Binding, fact: Fact) -> bool:
        if binding.role == "between":
            known.opened = binding.place == 0
            if not known.opened:
                self._end(known, fact)
                known.keys.clear()
                known.awake.clear()
            return False
        return known.opened

    # --- ends ----------------------------------------------------------------------------------

    def session_ended(self, session: str | None, fact: Fact) -> None:
        """Nothing more comes of a session: what waits is decided, what is known is given up."""
        self.drain(session, all_count=True)
        known = self._sessions.pop(session, None)
        if known is not None:
            self._end(known, fact)

    def recording_ended(self, fact: Fact) -> None:
        """Nothing more comes at all."""
        for session in self.waiting:
            self.drain(session, all_count=True)
        for known in self._sessions.values():
            for _, state in known.keys.values():
                self.settle(state, fact)

    def _end(self, known: Known[State], fact: Fact) -> None:
        for _, state in known.keys.values():
            self.finish(state, fact)

    def states(self) -> Iterator[State]:
        """What is known of each key."""
        for known in self._sessions.values():
            for _, state in known.keys.values():
                yield state

    # --- what a pattern says -------------------------------------------------------------------

    def take(self, seen: Seen, state: State) -> None:
        """Judge an event of a key."""
        raise NotImplementedError

    def asleep(self, state: State) -> bool:
        """Whether an event with a shorter key would change nothing."""
        del state
        return False

    def finish(self, state: State, fact: Fact) -> None:
        """The session has ended, by `fact`."""

    def settle(self, state: State, fact: Fact) -> None:
        """The recording has ended, the session has not."""

    def unfinished(self, state: State) -> int:
        """How much of a key is still open."""
        del state
        return 0

    def pending(self, now_ns: int) -> int:
        """How much would be decided by what comes."""
        del now_ns
        return sum(map(self.unfinished, self.states()))

    def overdue(self, now_ns: int) -> list[tuple[str, Charge]]:
        """What is decided by the time that has passed, though nothing came."""
        del now_ns
        return []

    def lacks(self) -> list[str]:
        """What was not judged for want of it."""
        most = sorted(self.unkeyed.items(), key=lambda one: (-one[1], one[0]))[:3]
        return [f"{count:,} times {what}" for what, count in most]

    # --- telling -------------------------------------------------------------------------------

    def charge(
        self,
        at: Seen,
        others: tuple[Seen, ...] = (),
        *,
        shown: tuple[int, ...] = (),
        awaits: str = "",
        **values: Any,
    ) -> Charge:
        """What is found at an event."""
        told = {name: at.value(name) for name in at.binding.values}
        if told.get("message", "") is None:
            told["message"] = at.fact.kind
        per = (self._rule.id, *(get(at.fact) for get in at.binding.per))
        rows = tuple(one.fact for one in others)
        told |= values
        return Charge(
            self._rule, self.number, self._message, per, at.fact, rows, told, shown, awaits, self.waits
        )

    def violated(
        self,
        at: Seen,
        others: tuple[Seen, ...] = (),
        *,
        since: int | None = None,
        shown: tuple[int, ...] = (),
        awaits: str = "",
        **values: Any,
    ) -> tuple[str, Charge]:
        """Wrong; or, if something is lost since a row that could have made it right, inconclusive."""
        lost = since is not None and self.context.lost(since, at.row)
        verdict = INTEGRITY if lost else VIOLATION
        charge = self.charge(at, others, shown=shown, awaits=awaits, **values)
        self.context.enter(verdict, charge)
        return verdict, charge

    def predicted(
        self, before: Seen, after: Seen, *, via: Seen | None = None, guarded: bool = False, **values: Any
    ) -> None:
        """Right, unless nothing orders the two; as of `Doubt`."""
        if before.row != after.row:
            doubt = Doubt(before.row, after.row, -1 if via is None else via.row, guarded)
            self.context.doubt(doubt, lambda: self.charge(after, (before,), **values))


__all__ = ["Binding", "Context", "Judge", "Key", "Known", "Seen"]

"""What all patterns have in common: keys, sessions, events that are not decided yet, and what was found."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from debugger.analysis.rules.deliveries import Delivery
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.fields import Get
from debugger.analysis.rules.ledger import INTEGRITY, PREDICTED, VIOLATION, Charge
from debugger.analysis.rules.schema import Case, Part, Rule

SESSIONS: Final = 10_000
"""Sessions that a case knows at once; the one that was idle longest is given up."""

KEYS: Final = 1_024
"""Keys of a session that a case knows at once; the oldest is given up."""

WAITING: Final = 4_096
"""Events of a session that wait for a handler to end; then it counts as one that drops nothing."""

Key = tuple[Any, ...]


class Context(Protocol):
    """What a pattern may ask of the log as a whole."""

    def ordered(self, before: int, after: int) -> bool | None:
        """Whether something orders two rows; None where that cannot be told."""
        ...

    def guarded(self, before: int, after: int) -> bool:
        """Whether a handler of the later one's mailbox ran in between, and comes after the earlier one."""
        ...

    def lost(self, low: int, high: int) -> bool:
        """Whether events may be missing from above a row up to another."""
        ...

    def began(self, session: str | None) -> int:
        """A row right before all that is known of a session."""
        ...

    def seen(self, event: str) -> bool:
        """Whether an event was seen at all so far."""
        ...

    def enter(self, verdict: str, charge: Charge) -> None:
        """Note what was found."""
        ...


class Binding(NamedTuple):
    """An event in its part of a case: how its keys and values are got.

    ``place`` is where it is in its part; ``key`` is as long as the part's own key, ``whole`` and ``optional``
    as that of the case.
    """

    role: str
    place: int
    part: Part
    key: tuple[Get, ...]
    whole: tuple[Get, ...]
    optional: tuple[bool, ...]
    per: tuple[Get, ...]
    values: Mapping[str, Get]


class Seen(NamedTuple):
    """A fact in its part of a case."""

    fact: Fact
    binding: Binding

    @property
    def row(self) -> int:
        """Where it happened."""
        return self.fact.row

    def value(self, name: str) -> Any:
        """A field's value; None for none."""
        return self.binding.values[name](self.fact)


State = TypeVar("State")


class Known(Generic[State]):
    """What a case knows of a session."""

    __slots__ = ("keys", "opened", "serial")

    def __init__(self) -> None:
        self.keys: OrderedDict[Key, tuple[int, State]] = OrderedDict()
        self.serial = 0
        self.opened = False


class Judge(Generic[State]):
    """Judges one case. Events of a session are taken in their order, once it is known that they count."""

    new_state: ClassVar[Callable[[], Any]]
    once_a_session: ClassVar[frozenset[str]] = frozenset()
    """Roles that are about the session as a whole, whatever keys there are."""
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
        self.unkeyed: Final[Counter[str]] = Counter()
        self.given_up = 0
        self._names = rule_names(case)
        self._better = {
            role: [one.part.event for one in bindings if one.role == role and not one.part.fallback]
            for role in {one.role for one in bindings if one.part.fallback}
        }

    # --- taking in -----------------------------------------------------------------------------

    def push(self, binding: Binding, fact: Fact, delivery: Delivery | None) -> None:
        """The next event, which counts if its delivery does."""
        queue = self._queues.get(fact.session)
        if queue is None:
            if delivery is None or delivery.counts:
                self._take(binding, fact)
                return
            if delivery.dropped:
                return
            queue = self._queues[fact.session] = deque()
        queue.append((binding, fact, delivery))
        if len(queue) > WAITING:
            self._take(*queue.popleft()[:2])
            self.drain(fact.session)

    def drain(self, session: str | None, *, all_count: bool = False) -> None:
        """Take what waited in a session, as far as it is decided."""
        queue = self._queues.get(session)
        if queue is None:
            return
        while queue:
            binding, fact, delivery = queue[0]
            if delivery is None or delivery.counts or (all_count and not delivery.dropped):
                self._take(binding, fact)
            elif not delivery.dropped:
                return
            queue.popleft()
        self._queues.pop(session, None)

    @property
    def waiting(self) -> list[str | None]:
        """Sessions with events that are not decided."""
        return list(self._queues)

    def _take(self, binding: Binding, fact: Fact) -> None:
        known = self._sessions.get(fact.session)
        if known is None:
            known = self._sessions[fact.session] = Known()
            if len(self._sessions) > SESSIONS:
                gone, lost = self._sessions.popitem(last=False)
                self.given_up += sum(self.unfinished(state) for _, state in lost.keys.values())
                self._queues.pop(gone, None)
        elif len(self._sessions) > SESSIONS // 2:
            self._sessions.move_to_end(fact.session)
        if self._between is not None and not self._inside(known, binding, fact):
            return
        if (
            binding.part.fallback
            and not self.own_fallbacks
            and any(map(self.context.seen, self._better[binding.role]))
        ):
            return
        key = self._key(binding, fact)
        if key is None:
            return
        seen = Seen(fact, binding)
        if binding.part.key is None or binding.role in self.once_a_session:
            self.take(seen, self.state(known, key))
        else:
            for state in list(self._reached(known, seen, key)):
                self.take(seen, state)

    def _key(self, binding: Binding, fact: Fact) -> Key | None:
        key = []
        for place, get in enumerate(binding.key):
            value = get(fact)
            if value is None:
                if not binding.optional[place]:
                    names = binding.part.key or self._names
                    self.unkeyed[f"{fact.message or fact.kind} has no {names[place]}"] += 1
                    return None
                value = ""
            key.append(value)
        return tuple(key)

    def _reached(self, known: Known[State], seen: Seen, key: Key) -> Iterator[State]:
        reach, count = seen.binding.part.reach, len(key)
        own = None
        if reach != "all":
            binding = seen.binding
            whole = binding._replace(key=binding.whole, part=Part(binding.part.event))
            own = self._key(whole, seen.fact)
        limit = known.serial
        if reach == "older" and own is not None and own in known.keys:
            limit = known.keys[own][0]
        for other, (serial, state) in known.keys.items():
            if other[:count] == key and other != own and serial <= limit:
                yield state

    def state(self, known: Known[State], key: Key) -> State:
        """What is known of a key; made if it is new."""
        found = known.keys.get(key)
        if found is not None:
            return found[1]
        if len(known.keys) >= KEYS:
            _, (_, lost) = known.keys.popitem(last=False)
            self.given_up += self.unfinished(lost)
        known.serial += 1
        state: State = type(self).new_state()
        known.keys[key] = (known.serial, state)
        return state

    def _inside(self, known: Known[State], binding: Binding, fact: Fact) -> bool:
        if binding.role == "between":
            known.opened = binding.place == 0
            if not known.opened:
                self._end(known, fact)
                known.keys.clear()
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
        return [f"{count:,} times {what}" for what, count in self.unkeyed.most_common(3)]

    # --- telling -------------------------------------------------------------------------------

    def charge(self, at: Seen, others: tuple[Seen, ...] = (), **values: Any) -> Charge:
        """What is found at an event."""
        told = {name: at.value(name) for name in at.binding.values}
        per = (self._rule.id, *(get(at.fact) for get in at.binding.per))
        return Charge(
            self._rule, self._message, per, at.fact, tuple(one.fact for one in others), told | values
        )

    def violated(
        self, at: Seen, others: tuple[Seen, ...] = (), *, since: int | None = None, **values: Any
    ) -> None:
        """Wrong; or, if something is lost since a row that could have made it right, inconclusive."""
        lost = since is not None and self.context.lost(since, at.row)
        self.context.enter(INTEGRITY if lost else VIOLATION, self.charge(at, others, **values))

    def predicted(self, before: Seen, after: Seen, **values: Any) -> None:
        """Right, unless nothing orders the two."""
        if before.row != after.row and self.context.ordered(before.row, after.row) is False:
            self.context.enter(PREDICTED, self.charge(after, (before,), **values))


def rule_names(case: Case) -> list[str]:
    """The fields of a case's key."""
    return [name.rstrip("?") for name in case.key]

"""Makes races of clashes: one for each cause, with what follows from it counted."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import Final, TypeVar

from debugger.analysis.conflicts.clashes import Before
from debugger.analysis.conflicts.labels import Label, Labels
from debugger.analysis.conflicts.records import LEFT, RIGHT, Clash, Ease, Limits, Race, Touch
from debugger.analysis.order.bounded import bounded

_NUMBERS: Final = re.compile(r"\d+")
_SESSIONS: Final = 1 << 12
_KINDS: Final = 1 << 16
_KEYS: Final = 16

_K = TypeVar("_K")
_V = TypeVar("_V")


@lru_cache(maxsize=4096)
def _unnumbered(key: str) -> str:
    return _NUMBERS.sub("#", key)


class _Race:
    """A race that is told, and what is folded into it."""

    __slots__ = ("_keys", "_last", "covered", "first", "like", "pair", "place", "second")

    def __init__(self, clash: Clash) -> None:
        self.place = clash.place
        self.first, self.second = clash.first, clash.second
        self._keys: dict[str, tuple[str, Ease]] = {}  # by what the key is without its numbers
        self.pair = clash.first.kind in (LEFT, RIGHT)
        self.like = 0
        self._last = clash.second.segment
        self.covered = 0

    def add(self, clash: Clash, ease: Ease) -> None:
        """One more key; of several reasons the one that matters stays. `ease` is that of the two segments."""
        name, ease = _unnumbered(clash.key), clash.ease if ease is Ease.NONE else ease
        known = self._keys.get(name)
        if known is None or (ease is Ease.NONE and known[1] is not Ease.NONE):
            self._keys[name] = (clash.key, ease)
            if len(self._keys) > _KEYS:
                del self._keys[max(self._keys, key=lambda one: self._keys[one][1] is not Ease.NONE)]

    def again(self, segment: int) -> None:
        """Another one of this kind, of a segment that may race with several."""
        self.like += segment != self._last
        self._last = segment

    @property
    def ease(self) -> Ease:
        eases = {ease: None for _, ease in self._keys.values()}
        return Ease.NONE if Ease.NONE in eases else next(iter(eases))

    def told(self) -> Race:
        keys = sorted(self._keys.values(), key=lambda one: one[1] is not Ease.NONE)
        return Race(
            self.place,
            tuple(key for key, _ in keys),
            self.first,
            self.second,
            self.ease,
            self.pair,
            self.like,
            self.covered,
        )


class Races:
    """Races in the order in which they were found, `Limits.kept` at most.

    Clashes of the same two segments are one race, with several keys. Those of the same two kinds of
    activation in a component are counted with the first. So is a clash that would be ordered if an earlier
    race of the session was: its first event comes before that one's first, and its second after that one's
    second. A race that matters is never folded into one that is only worth a note.
    """

    def __init__(self, before: Before, labels: Labels, limits: Limits) -> None:
        self._before = before
        self._labels = labels
        self._limits = limits
        self._told: list[_Race] = []
        self._of_segments: dict[tuple[int, int], _Race] = {}
        self._of_kind: dict[tuple[str, Label, Label, bool], _Race] = {}
        self._folded: dict[tuple[int, int, bool], None] = {}
        self._recent: dict[int, deque[_Race]] = {}  # by session
        self.folded = 0
        self.untold = 0

    def __len__(self) -> int:
        return len(self._told) + self.untold

    def all(self) -> list[Race]:
        """What is told."""
        return [race.told() for race in self._told]

    def add(self, clash: Clash, ease: Ease) -> None:
        """One more clash; `ease` is that of its two segments, whatever the key."""
        segments = (clash.first.segment, clash.second.segment)
        eased = ease is not Ease.NONE or clash.ease is not Ease.NONE
        same = self._of_segments.get(segments)
        if same is not None:
            same.add(clash, ease)
            return
        if (*segments, eased) in self._folded:
            return
        one, other = sorted((self._label(clash.first), self._label(clash.second)))
        kind = (clash.place.component, one, other, eased)
        known = self._of_kind.get(kind)
        if known is not None:
            known.again(segments[1])
            known.add(clash, ease)
        else:
            known = self._cause(clash, eased=eased)
            if known is not None:
                known.covered += 1
        if known is not None:
            self.folded += 1
            _put(self._folded, (*segments, eased), None, _KINDS)
            return
        race = _Race(clash)
        race.add(clash, ease)
        self._tell(race, clash.place.session)
        _put(self._of_segments, segments, race, _KINDS)
        _put(self._of_kind, kind, race, _KINDS)

    def _label(self, touch: Touch) -> Label:
        return self._labels.of(touch.row, touch.task)

    def forget(self) -> None:
        """Segments have other numbers from here on."""
        self._of_segments.clear()
        self._folded.clear()
        self._recent.clear()

    def _tell(self, race: _Race, session: int) -> None:
        if len(self._told) < self._limits.kept:
            self._told.append(race)
        else:
            self.untold += 1
        recent = self._recent.get(session)
        if recent is None:
            recent = deque(maxlen=self._limits.recent)
            _put(self._recent, session, recent, _SESSIONS)
        recent.append(race)

    def _cause(self, clash: Clash, *, eased: bool) -> _Race | None:
        """A race that, were its two events ordered, would order those of a clash."""
        first, second = clash.first, clash.second
        for race in reversed(self._recent.get(clash.place.session, ())):
            if (
                (eased or race.ease is Ease.NONE)
                and self._upto(first.row, first.segment, race.first.row, race.first.segment)
                and self._upto(race.second.row, race.second.segment, second.row, second.segment)
            ):
                return race
        return None

    def _upto(self, row: int, segment: int, other: int, others: int) -> bool:
        return segment == others or (row < other and self._before(row, other))


def _put(known: dict[_K, _V], key: _K, value: _V, most: int) -> None:
    known[key] = value
    bounded(known, most)

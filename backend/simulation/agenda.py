"""What is ready, what will be, and which of it is next.

At each step the agenda lists what could be next, oldest first, and a `Strategy` says which. The first is
always what asyncio would run. Others are possible because a real run may have been slower there:

- a step of another task, except that it overtakes no older callback (`Lane`);
- a fired timer, before or after anything that is ready;
- nothing, until the next timer fires, if that is not more than ``Settings.lateness`` after what has waited
  longest became ready. So nothing runs more than that too late, and never too early.

That random schedules find what first come, first run hides is from PCT (Burckhardt et al., ASPLOS 2010);
doing it to an event loop's queue and timers within what the loop promises, from Node.fz (Davis et al.,
EuroSys 2017).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from backend.simulation.choices import TIME_PASSES, Alternative, Kind, Strategy
from backend.simulation.errors import TimeLimitError
from backend.simulation.handles import CALLBACK, MACHINERY, OUTSIDE, LaterHandle, ReadyHandle
from backend.simulation.settings import Settings

# asyncio fires what is due within its clock's resolution at once; this is the resolution on Linux.
_RESOLUTION = 1e-9
# How late timers fire is a choice between so many moments at most: more make long tapes, and no other orders.
_MOMENTS = 8
_CANCELLED_KEPT = 64

Handle = ReadyHandle | LaterHandle
Timers = list[tuple[float, int, LaterHandle]]


class Agenda:
    """Holds handles; `next_handle` takes one out.

    ``now`` is the virtual time, ``choices`` are those made so far, ``todo`` is how many of ``ready`` asyncio
    would run before it looks at its timers again, ``hindrances`` how many of it are callbacks or cancelled:
    while there are none, all may run next. Once ``settled``, nothing is a choice any more.
    """

    def __init__(self, strategy: Strategy, settings: Settings) -> None:
        self.now = 0.0
        self.choices: list[tuple[int, int, int]] = []
        self.ready: list[Handle] = []
        self.todo = 0
        self.hindrances = 0
        self.settled = False
        self._strategy = strategy
        self._lateness = settings.lateness
        self._seconds = settings.seconds
        self._timers: Timers = []  # in order of time, then of creation
        self._machinery: Timers = []
        self._cancelled = 0

    def clear(self) -> None:
        """Forget all that is to run."""
        for handles in (self.ready, self._timers, self._machinery):
            handles.clear()

    # --- what comes in ----------------------------------------------------------

    def add_timer(self, handle: LaterHandle) -> None:
        """Have it made ready when it is due."""
        timers = self._timers if handle.kind is not MACHINERY else self._machinery
        insort(timers, (handle.due, handle.number, handle))

    def add(self, handle: ReadyHandle) -> None:
        """Have it run when it is its turn."""
        self.ready.append(handle)
        if handle.kind is CALLBACK:
            self.hindrances += 1

    def cancelled(self, handle: Handle) -> None:
        """It is about to be cancelled. Many timers of this kind are not kept until they would fire."""
        if handle.ready:
            self.hindrances += 1
            return
        if handle.kind is not OUTSIDE or not handle.waiting:
            return
        self._cancelled += 1
        if self._cancelled > _CANCELLED_KEPT and self._cancelled * 2 > len(self._timers):
            self._timers = [timer for timer in self._timers if not timer[2].cancelled()]
            self._cancelled = 1  # the one that is about to be

    def pick(self, kind: Kind, count: int) -> int:
        """Have one of `count` alternatives chosen; 0 where there is no choice."""
        if count < 2 or self.settled:  # noqa: PLR2004 - one alternative is no choice
            return 0
        taken = self._strategy.pick(kind, count)
        self.choices.append((kind, count, taken))
        return taken

    def outside(self) -> list[LaterHandle]:
        """What is on its way from outside, or has come and is not run."""
        fired = [handle for handle in self.ready if isinstance(handle, LaterHandle)]
        handles = fired + [handle for _, _, handle in self._timers]
        return [handle for handle in handles if not handle.cancelled()]

    # --- what comes out ---------------------------------------------------------

    def next_handle(self, *, of_this_round: bool = False) -> Handle | None:
        """What runs next, taken out; time passes if nothing is ready. None: nothing will ever be.

        With ``of_this_round``, None also where asyncio would look at its timers again.

        Raises:
            TimeLimitError: more virtual time has passed than allowed.
        """
        ready = self.ready
        while True:
            if self.todo <= 0 or not ready:
                if of_this_round:
                    return None
                if not ready and not self._let_time_pass():
                    return None
                self._collect_due()
                self.todo = len(ready)
                continue
            if len(ready) == 1 and not self._timers:
                at = 0
            else:
                at = self._choose()
                if at < 0:
                    continue
            self.todo -= 1
            handle = ready.pop(at)
            handle.ready = False
            if handle.kind is CALLBACK:
                self.hindrances -= 1
            if handle._cancelled:  # noqa: SLF001 - as asyncio does
                self.hindrances -= 1
                continue
            return handle

    def _choose(self) -> int:
        """Where in `ready` that is which runs next; -1: nowhere yet, time has passed."""
        alternatives: Sequence[Alternative]
        places: Sequence[int]
        if self.hindrances:
            alternatives, places = self._possible()
            if not alternatives:
                return 0  # cancelled, all of them
        else:
            alternatives, places = self.ready, range(len(self.ready))
        if self.settled:
            return places[0]
        moment = self._next_moment()
        if moment is not None and moment <= self.now + self._lateness and self._may_wait_until(moment):
            alternatives = [*alternatives, TIME_PASSES]
        elif len(alternatives) == 1:
            return places[0]
        taken = self._strategy.schedule(alternatives)
        self.choices.append((0, len(alternatives), taken))
        if 0 <= taken < len(places):
            return places[taken]
        if not 0 <= taken < len(alternatives):
            raise IndexError(f"{self._strategy.name} chose {taken} of {len(alternatives)} alternatives")
        if moment is not None and moment > self.now:
            self.now = moment
        self._collect_due()
        return -1

    def _possible(self) -> tuple[list[Alternative], list[int]]:
        """What of `ready` may run next, and where it stands."""
        alternatives: list[Alternative] = []
        places: list[int] = []
        overtaking = True
        for at, handle in enumerate(self.ready):
            if not handle._cancelled and (overtaking or handle.kind is OUTSIDE):  # noqa: SLF001 - as asyncio does
                alternatives.append(handle)
                places.append(at)
                if handle.kind is CALLBACK:
                    overtaking = False
        return alternatives, places

    def _may_wait_until(self, moment: float) -> bool:
        """Whether nothing that is ready would then be later than it may be."""
        latest = moment - self._lateness
        return all(handle.due >= latest or handle._cancelled for handle in self.ready)  # noqa: SLF001 - the same

    def _next_moment(self) -> float | None:
        """When the next timer fires. Cancelled ones before it are forgotten."""
        timers = self._timers
        while timers:
            when, _, handle = timers[0]
            if not handle._cancelled:  # noqa: SLF001 - as asyncio does
                return when
            del timers[0]
            handle.waiting = False
            self._cancelled -= 1
        return None

    def _let_time_pass(self) -> bool:
        """Go to the next timer, or to a later one that it may be as late as. False: there is none."""
        moment = self._next_moment()
        if moment is None:
            if not self._machinery:
                return False
            self._run_machinery(self._machinery[-1][0])
            return True
        if not self.settled:
            moments = self._moments(moment)
            moment = moments[self.pick(Kind.TIMER, len(moments))]
        if self._machinery:
            self._run_machinery(moment)
        self.now = max(self.now, moment)
        if moment > self._seconds and not self.settled:
            raise TimeLimitError(f"{self._seconds:g} s of virtual time, and no end")
        return True

    def _moments(self, first: float) -> list[float]:
        moments = [first]
        for when, _, handle in self._timers:
            if when > first + self._lateness or len(moments) == _MOMENTS:
                break
            if when > moments[-1] and not handle._cancelled:  # noqa: SLF001 - as asyncio does
                moments.append(when)
        return moments

    def _collect_due(self) -> None:
        """Make ready what is due, in order, as asyncio does before each round."""
        end = self.now + _RESOLUTION
        if self._machinery:
            self._run_machinery(self.now)
        timers = self._timers
        due = 0
        for when, _, handle in timers:
            if when >= end:
                break
            due += 1
            handle.waiting = False
            if handle._cancelled:  # noqa: SLF001 - as asyncio does
                self._cancelled -= 1
            else:
                handle.ready = True
                self.ready.append(handle)
        if due:
            del timers[:due]

    def _run_machinery(self, until: float) -> None:
        while self._machinery and self._machinery[0][0] <= until:
            when, _, handle = self._machinery.pop(0)
            self.now = max(self.now, when)
            if not handle._cancelled:  # noqa: SLF001 - as asyncio does
                handle._run()  # noqa: SLF001 - the loop's part of a handle

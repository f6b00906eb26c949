"""The order of a program's events, found the simplest way: all rules, applied until nothing changes.

Written from the rules of the design and of `debugger.analysis.order.segments`, with nothing of the engine
in it: every pair of events is looked at, and the transitive closure is kept as bits.
"""

from __future__ import annotations

from typing import Any

Made = dict[str, Any]
_RESUMES = {"message_received", "task_joined", "lock_acquired", "item_got"}


class Oracle:
    """`ordered` of any two places in a list of events."""

    def __init__(self, events: list[Made]) -> None:
        self.events = events
        self.size = len(events)
        self.at = {made["id"]: place for place, made in enumerate(events) if "id" in made}
        self.tasks = self._tasks()
        self.causes = [self._cause(place) for place in range(self.size)]
        self.segments = self._segments()
        self.threads = {
            (made["source"], made["data"]["child"])
            for made in events
            if made["event_type"] == "task_spawned" and made["data"]["kind"] == "thread"
        }
        self.direct = [0] * self.size  # by place, the bits of what comes right before
        self._fixed()
        self.past = [0] * self.size
        self.overlapped: set[tuple[str, str | None]] = set()  # undeclared mailboxes whose handlers did
        while True:
            self._close()
            if not self._derived():
                break

    def ordered(self, before: int, after: int) -> bool:
        return bool(self.past[after] >> before & 1)

    # --- what events are -----------------------------------------------------------------------

    def _tasks(self) -> list[Any]:
        """A call is part of the task that made it."""
        callers: dict[Any, Any] = {}
        tasks = []
        for made in self.events:
            task = (made["source"], made["task"]) if made["task"] is not None else None
            task = callers.get(task, task)
            tasks.append(task)
            if made["event_type"] == "task_spawned" and made["data"]["kind"] == "call":
                callers[made["source"], made["data"]["child"]] = task
        return tasks

    def _cause(self, place: int) -> int | None:
        cause = self.at.get(self.events[place]["cause"])
        return cause if cause is not None and cause < place else None

    def _segments(self) -> list[int]:
        segments: list[int] = []
        last: dict[str, int] = {}
        for place, made in enumerate(self.events):
            before = last.get(made["source"])
            last[made["source"]] = place
            cause = self.causes[place]
            begins = (
                before is None
                or self.tasks[place] is None
                or self.tasks[place] != self.tasks[before]
                or made["event_type"] in _RESUMES
                or (
                    cause is not None
                    and cause != self.causes[before]
                    and self.tasks[cause] != self.tasks[place]
                )
            )
            segments.append(place if begins else segments[before or 0])
        return segments

    # --- edges that do not depend on order -----------------------------------------------------

    def _event(self, before: int, after: int) -> None:
        """What orders an event orders its segment too, up to there, where only one can run at a time."""
        alone = self.events[before]["source"] == self.events[after]["source"]
        alone = alone and self.tasks[before] not in self.threads and self.tasks[after] not in self.threads
        for place in range(after):
            if self.segments[place] == self.segments[before] and (alone or place <= before):
                self.direct[after] |= 1 << place

    def _fixed(self) -> None:
        for place, made in enumerate(self.events):
            task, cause = self.tasks[place], self.causes[place]
            previous = [one for one in range(place) if task is not None and self.tasks[one] == task]
            if previous:
                self.direct[place] |= 1 << previous[-1]
            elif task is not None:
                for one in range(place):
                    if self._says(one, "task_spawned", task):
                        self._event(one, place)
            foreign = cause is not None and (task is None or self.tasks[cause] != task)
            if cause is not None and foreign and self.segments[place] == place:
                self._event(cause, place)
            if made["event_type"] in ("task_joined", "task_cancel_requested"):
                self._of_child(place, (made["source"], made["data"]["child"]))

    def _of_child(self, place: int, child: Any) -> None:
        if self.events[place]["event_type"] == "task_joined":
            for one in range(place):
                if self.tasks[one] == child:
                    self.direct[place] |= 1 << one
        else:
            seen = [one for one in range(place, self.size) if self.tasks[one] == child]
            if seen:
                self._event(place, seen[0])

    def _says(self, place: int, kind: str, task: Any) -> bool:
        made = self.events[place]
        return bool(made["event_type"] == kind and (made["source"], made["data"]["child"]) == task)

    # --- edges that depend on order --------------------------------------------------------------

    def _close(self) -> None:
        for place in range(self.size):
            past, left = self.direct[place], self.direct[place]
            while left:
                one = left.bit_length() - 1
                left ^= 1 << one
                past |= self.past[one]
                left &= ~self.past[one]
            self.past[place] = past

    def _derived(self) -> bool:
        before = list(self.direct)
        for box in {made["mailbox"] for made in self.events if "mailbox" in made}:
            self._mailbox(box)
        self._timers()
        return before != self.direct

    def _mailbox(self, box: Any) -> None:
        said = {
            made["data"]["mode"]
            for made in self.events
            if made["event_type"] == "subscribed" and (made["component"], made["session_id"]) == box
        }
        if "concurrent" in said:
            return
        # A mailbox that nobody declared is another one for each session.
        for session in {made["session_id"] for made in self.events} if not said else {None}:
            starts = [
                place
                for place, made in enumerate(self.events)
                if made.get("mailbox") == box and (said or made["session_id"] == session)
            ]
            self._handlers(starts, declared=bool(said))

    def _handlers(self, starts: list[int], *, declared: bool) -> None:
        ends = {
            self.tasks[place]: place
            for place, made in enumerate(self.events)
            if made["event_type"] == "message_handled"
        }
        for number, second in enumerate(starts):
            earlier = starts[:number]
            if not declared and any(
                ends.get(self.tasks[one], self.size) > starts[at + 1]
                for at, one in enumerate(starts[:number])
            ):
                made = self.events[second]
                self.overlapped.add((made["component"], made["session_id"]))
                return
            publish = self.causes[second]
            if publish is None:
                continue
            for first in earlier:
                end = ends.get(self.tasks[first], self.size)
                its_own = self.causes[first]
                known = self.ordered(first, publish)
                known = known or (its_own is not None and self.ordered(its_own, publish))
                if end < second and known:
                    self.direct[second] |= 1 << end

    def _timers(self) -> None:
        fired = []
        for place, made in enumerate(self.events):
            if made["event_type"] == "task_spawned" and made["data"]["kind"] == "timer":
                rows = [one for one in range(self.size) if self._is(one, made)]
                if rows:
                    end = rows[-1] if self.events[rows[-1]]["event_type"] == "task_finished" else self.size
                    fired.append((place, made["data"]["delay_ms"], rows[0], end))
        for spawn, delay, _, end in fired:
            for other, longer, start, _ in fired:
                same = self.events[spawn]["source"] == self.events[other]["source"]
                if same and delay <= longer and end < start and self.ordered(spawn, other):
                    self.direct[start] |= 1 << end

    def _is(self, place: int, spawn: Made) -> bool:
        return bool(self.tasks[place] == (spawn["source"], spawn["data"]["child"]))

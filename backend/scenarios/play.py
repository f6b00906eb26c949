"""One run of a scenario: what came of it, its tape, and its recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.scenarios.scenario import Scenario, Scene
from backend.scenarios.ticking import ticking
from backend.simulation import Program, Replay, Run, Strategy, Tape, simulate
from backend.tap import Batch, Tap

SERVICE = "sim"


@dataclass(frozen=True, slots=True)
class Played:
    """``recording`` is JSONL: the same bytes by the same tape."""

    run: Run[None]
    recording: bytes


class Lines:
    """A sink that keeps the bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, batch: Batch) -> None:
        """Keep them."""
        self._parts.append(batch.jsonl)

    def close(self) -> None:
        """Nothing to close."""

    @property
    def content(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


class Play:
    """A scenario's variant as a program for `simulate`, recorded anew in each run.

    ``on_start`` is called inside of each run, when its tap has begun: for who looks on from step to step.
    """

    def __init__(
        self, scenario: Scenario, variant: str, *, on_start: Callable[[Tap], None] | None = None
    ) -> None:
        self.scenario = scenario
        self.variant = variant
        self._on_start = on_start
        self.program: Program = scenario.program(variant)
        self._lines = Lines()
        self._tap: Tap | None = None

    async def __call__(self) -> None:
        """Play it once."""
        self._lines = Lines()
        source = f"{SERVICE}-{self.scenario.name}"
        self._tap = Tap(SERVICE, sinks=(self._lines,), source=source, clock=ticking())
        async with self._tap as tap:
            if self._on_start is not None:
                self._on_start(tap)
            await self.scenario.act(Scene(self.variant, tap))

    def run(self, strategy: Strategy | None = None, *, seed: int = 0) -> Played:
        """One run, as the strategy chooses; by nobody, as asyncio would.

        Raises:
            TapeMismatchError: by a `Replay` of another program's tape.
        """
        return self._recorded(simulate(self, strategy, seed=seed, settings=self.scenario.settings))

    def replay(self, tape: Tape, *, strict: bool = True) -> Played:
        """The same run again.

        Raises:
            TapeError: the tape is of another program, or of another version of it.
        """
        tape.check(self.program)
        strategy = Replay(tape, strict=strict)
        return self._recorded(simulate(self, strategy, seed=tape.seed, settings=tape.settings))

    def _recorded(self, run: Run[None]) -> Played:
        if self._tap is not None:
            self._tap.close()  # a run that was cut short may have left it open
        return Played(run, self._lines.content)

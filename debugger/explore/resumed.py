"""What was explored already, in a file: an exploration that was stopped goes on where it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from backend.errors import UserError
from backend.scenarios import Scenario
from debugger.explore.printing import Entry
from debugger.explore.verdicts import Begun

SCHEMA = "doubletalk.exploring/1"


class _Done(Struct, frozen=True):
    at: str
    variant: str
    code: str
    """Of the program: another one is explored anew."""
    entry: Entry


class _Stopped(Struct, frozen=True):
    at: str
    variant: str
    code: str
    begun: Begun


class _State(Struct):
    schema: str
    asked: dict[str, str]
    done: list[_Done]
    stopped: _Stopped | None = None
    """The one in whose middle it was."""


class Resumed:
    """The file, which need not be there yet. ``asked`` are the options on which results depend, as text.

    Raises:
        UserError: the file is something else, or of an exploration with other options.
    """

    def __init__(self, path: Path, asked: dict[str, str]) -> None:
        self._path = path
        self._state = _State(SCHEMA, asked, [])
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self._write()
            return
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
        try:
            state = msgspec.json.decode(data, type=_State)
        except msgspec.MsgspecError:
            state = None
        if state is None or state.schema != SCHEMA:
            raise UserError(f"{path}: this is no file that --resume wrote; name another, or remove it")
        for name in sorted(asked.keys() | state.asked.keys()):
            was, now = state.asked.get(name, "-"), asked.get(name, "-")
            if was != now:
                raise UserError(f"{path}: was begun with {name} {was}, and not {now}: results would not fit")
        self._state = state

    def __len__(self) -> int:
        """How many are done."""
        return len(self._state.done)

    def entry(self, at: str, scenario: Scenario, variant: str) -> Entry | None:
        """What came of it then; None where it was not done, or is another program now."""
        code = scenario.program(variant).code
        for one in self._state.done:
            if (one.at, one.variant, one.code) == (at, variant, code):
                return one.entry
        return None

    def keep(self, at: str, scenario: Scenario, variant: str, entry: Entry) -> None:
        """One more is done.

        Raises:
            UserError: the file cannot be written.
        """
        self._state.done = [one for one in self._state.done if (one.at, one.variant) != (at, variant)]
        self._state.done.append(_Done(at, variant, scenario.program(variant).code, entry))
        self._state.stopped = None
        self._write()

    def begun(self, at: str, scenario: Scenario, variant: str) -> Begun | None:
        """How far it was then; None where it was not begun, or is another program now."""
        one = self._state.stopped
        here = (at, variant, scenario.program(variant).code)
        return one.begun if one is not None and (one.at, one.variant, one.code) == here else None

    def stop(self, at: str, scenario: Scenario, variant: str, begun: Begun) -> None:
        """It is stopped in the middle of this one.

        Raises:
            UserError: the file cannot be written.
        """
        self._state.stopped = _Stopped(at, variant, scenario.program(variant).code, begun)
        self._write()

    def finished(self) -> None:
        """All is done: the file is taken away."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            part.write_bytes(msgspec.json.encode(self._state))
            part.replace(self._path)  # never half of it
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror or error}") from None

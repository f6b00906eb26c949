"""``explore --replay TAPE``: the run that was saved, once more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from backend.errors import UserError
from backend.scenarios import Play, Played
from backend.simulation import Tape
from debugger.cli.explore.chosen import unit_of
from debugger.cli.explore.options import Options
from debugger.cli.inspect.printing import json_text, terminal_width
from debugger.explore.campaign import Unit
from debugger.explore.oracle import judged
from debugger.explore.saved import BAD, How, Saved, lines_of, loaded
from debugger.explore.trials import silence
from debugger.explore.verdicts import Found

SCHEMA = "doubletalk.replayed/1"
_WIDTH = 100


def run_replay(asked: Options) -> int:
    """Play a tape, and say whether it fails: 1, and as it did.

    Raises:
        UserError: the tape cannot be read, its program is not known or is another version, or the recording
            cannot be written.
    """
    path = asked.replay or Path()
    if asked.every:
        raise UserError("--replay plays one tape: not with --all")
    tape, how = loaded(path)
    unit = unit_of(tape, asked.names, how.at if how is not None else "", how.again if how is not None else "")
    oracle = asked.oracle()
    with silence():
        played = Play(unit.scenario, unit.variant).replay(tape)
    found = judged(played, oracle)
    if asked.output is not None:
        _write(asked.output, played.recording)
    same = _same_bytes(path, how, played)
    if asked.as_json:
        sys.stdout.write(json_text(_as_json(path, tape, unit, found, same), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(path, unit, how, found, same))
    return 1 if found else 0


def _same_bytes(path: Path, how: How | None, played: Played) -> bool | None:
    """Whether the recording is that of then; None where that is not beside the tape."""
    if how is None:
        return None
    try:
        return (path.parent / BAD).read_bytes() == played.recording
    except OSError:
        return None


def _lines(
    path: Path, unit: Unit, how: How | None, found: Sequence[Found], same: bool | None
) -> Sequence[str]:
    then = how.found.signature if how is not None else None
    lines: list[str] = []
    if not found:
        before = f"; it was {how.found.rule}: {how.found.message}" if how is not None else ""
        lines.append(f"{unit.name}: passes{before}")
    elif how is not None and then in {one.signature for one in found}:
        good = path.parent / "good.jsonl"
        saved = Saved(path.parent, path, path.parent / BAD, good if good.exists() else None, how)
        lines += lines_of(saved, terminal_width() or _WIDTH)
        lines.append("  now    it fails as it did")
    else:
        lines += [f"{unit.name}: {one.rule}: {one.message}" for one in found]
        if how is not None:
            lines.append(f"  another failure than then, which was {how.found.rule}: {how.found.message}")
    if same is not None:
        lines.append(
            "  bytes  the recording is the same, byte for byte"
            if same
            else f"  bytes  the recording is another one than {path.parent / BAD}: what the tape's program "
            "calls has changed, or it is not deterministic"
        )
    return lines


def _as_json(
    path: Path, tape: Tape, unit: Unit, found: Sequence[Found], same: bool | None
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "tape": str(path),
        "scenario": unit.scenario.name,
        "variant": unit.variant,
        "verdict": "confirmed" if found else "passes",
        "found": [{"kind": one.kind, "rule": one.rule, "message": one.message} for one in found],
        "same_recording": same,
        "choices": len(tape),
        "departures": tape.deviations,
    }


def _write(path: Path, recording: bytes) -> None:
    try:
        path.write_bytes(recording)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None

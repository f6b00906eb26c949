"""The list of scenarios."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import msgspec

_GAP = "  "


def listed(name: str | None, *, as_json: bool) -> str:
    """The built-in scenarios, or those that a name means, as it is printed.

    Raises:
        UserError: the name means none.
    """
    from backend.scenarios.discovery import Found, built_in, find  # noqa: PLC0415 - loads the assistant

    found = [Found(one.name, one) for one in built_in()] if name is None else find(name)
    rows = [
        {
            "name": one.name,
            "about": one.scenario.about,
            "variants": list(one.scenario.variants),
            "rule": one.scenario.rule,
        }
        for one in found
    ]
    if as_json:
        return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"
    told = [(one.name, ", ".join(one.scenario.variants), one.scenario.about) for one in found]
    return "".join(f"{line}\n" for line in _table(told))


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        _GAP.join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    if not sys.stdout.isatty():
        return lines
    columns = shutil.get_terminal_size().columns
    return [line if len(line) <= columns else f"{line[: columns - 1]}…" for line in lines]

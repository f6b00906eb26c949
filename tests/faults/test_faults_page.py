"""The page about faults has figures of each part that is killed, which add up; its links lead somewhere."""

from __future__ import annotations

import re
from typing import Final

from tests.cli.command import ROOT
from tests.faults.kills import PARTS

PAGE: Final = (ROOT / "docs" / "faults.md").read_text("utf-8")
_ROW: Final = re.compile(r"^\| (?:`(\w+)`)? ?\| .* \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)


def test_each_part_has_its_figures_and_no_event_is_neither() -> None:
    """Emitted is what is there once, and what gaps name."""
    rows = _ROW.findall(PAGE)
    assert [part for part, *_ in rows if part] == list(PARTS)
    for _, *numbers in rows:
        emitted, once, named = (int(number.replace(",", "")) for number in numbers)
        assert emitted == once + named > 0


def test_what_it_names_is_there() -> None:
    """Files of the repository, and other pages."""
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE) + [
        f"docs/{one}" for one in re.findall(r"\]\(([\w/.]+)\)", PAGE)
    ]
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).exists()] == []

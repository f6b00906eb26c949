"""What was found before: a program that is not right yet is held to get no worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from debugger.analysis.findings import Finding

SCHEMA: Final = "doubletalk.baseline/1"


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of finding, and how many there were. ``message`` is for people."""

    fingerprint: str
    rule: str
    count: int
    message: str = ""


class _File(Struct, frozen=True):
    schema: str
    findings: list[Known]


class BaselineError(ValueError):
    """A file that is no baseline: what is wrong with it."""


class Split(NamedTuple):
    """Findings that are new, those that are known, and known ones that were not found again."""

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    gone: tuple[Known, ...]


class Baseline:
    """Findings by their fingerprint: the same rule, components, messages and key, in any run.

    Of a kind that was found n times, n are known; more of them are new.
    """

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._known = {one.fingerprint: one for one in known}

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """What is found now. What has no fingerprint, such as integrity, is never known."""
        found = [finding for finding in findings if finding.fingerprint]
        counts = Counter(finding.fingerprint for finding in found)
        first = {finding.fingerprint: finding for finding in sorted(found, key=lambda one: one.message)[::-1]}
        return cls(
            Known(name, first[name].rule, count, first[name].message) for name, count in counts.items()
        )

    @classmethod
    def load(cls, text: bytes) -> Baseline:
        """Read what `dump` wrote.

        Raises:
            BaselineError: it is something else.
        """
        try:
            told = msgspec.json.decode(text, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BaselineError(f"not a baseline: {error}") from None
        if told.schema != SCHEMA:
            raise BaselineError(f"schema {told.schema!r} is not known; this reads {SCHEMA!r}")
        return cls(told.findings)

    def dump(self) -> bytes:
        """As a file: the same findings give the same bytes."""
        known = sorted(self._known.values(), key=lambda one: (one.rule, one.fingerprint))
        return msgspec.json.format(msgspec.json.encode(_File(SCHEMA, known)), indent=2) + b"\n"

    def __len__(self) -> int:
        """Kinds of findings that are known."""
        return len(self._known)

    def split(self, findings: Sequence[Finding]) -> Split:
        """Which of some findings are new."""
        left = {name: one.count for name, one in self._known.items()}
        new, known = [], []
        for finding in findings:
            if left.get(finding.fingerprint, 0) > 0:
                left[finding.fingerprint] -= 1
                known.append(finding)
            else:
                new.append(finding)
        gone = tuple(one for name, one in self._known.items() if left[name] == one.count)
        return Split(tuple(new), tuple(known), gone)

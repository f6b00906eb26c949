"""How far the log is judged, in words."""

from __future__ import annotations

from typing import NamedTuple

from debugger.tui.session import Mode, Session
from debugger.tui.text import safe_text


class Progress(NamedTuple):
    """``short`` for the title; ``told`` in full where not all is judged, or never will be (``bad``)."""

    short: str = ""
    told: str = ""
    bad: bool = False
    done: bool = True


def progress_of(session: Session) -> Progress:
    """As of now. Events are counted from 1, those that are forgotten with them."""
    judging, rows = session.judging, len(session.log)
    if judging is None:
        return Progress()
    if judging.trouble:
        told = safe_text(judging.trouble, 300)
        return Progress("judging stopped", told, bad=True)
    behind = rows - judging.upto
    lost = []
    if judging.skipped:
        lost.append(f"{judging.skipped:,} events came too fast and were left out")
    if judging.unread:
        lost.append(f"{judging.unread:,} could not be read any more")
    parts = [f"judged to event {judging.upto:,}", *([f"{behind:,} behind"] if behind else []), *lost]
    ended = session.mode is Mode.LIVE or judging.whole
    if not behind and not lost:
        return Progress(f"judged to event {rows:,}" if rows else "", done=ended or not rows)
    short = f"judged to {judging.upto:,}, {behind:,} behind" if behind else f"judged to event {rows:,}"
    return Progress(short, " · ".join(parts), done=False)

"""The states of lanes, and how activations ended: what only payloads tell."""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.events.vocabulary import STATE_CHANGE
from debugger.log import EventLog
from debugger.tui.timeline.blocks import Numbers
from debugger.tui.timeline.lanes import By
from debugger.tui.timeline.payloads import Payloads, changes
from debugger.tui.timeline.project import Projection
from debugger.tui.timeline.scene import Scene, Word
from debugger.tui.timeline.signs import CANCELLED

_SAMPLES: Final = 8  # places of a lane at which its state is looked up where no change is recorded
_CHANGES: Final = 24  # changes of state of a lane that are read
_OVERSEER: Final = "overseer"  # its state is the conversation's


def with_states(
    scene: Scene,
    log: EventLog,
    by: By,
    projection: Projection,
    rows: Numbers,
    session: int,
    payloads: Payloads,
) -> Scene:
    """The same with the states of its lanes: of components in one session, or of sessions' overseers."""
    if by not in {By.COMPONENT, By.SESSION} or not len(rows):
        return scene
    change = log.id_of("event_type", STATE_CHANGE)
    changed = rows[log.column("event_type")[rows] == change] if change is not None else rows[:0]
    components, sessions = log.column("component")[changed], log.column("session")[changed]
    overseer = log.id_of("component", _OVERSEER)
    spread = rows[np.linspace(0, len(rows) - 1, _SAMPLES).astype(np.int64)].tolist()
    words: list[Word] = []
    for number, lane in enumerate(scene.lanes):
        key = (lane.key, session) if by is By.COMPONENT else (overseer, lane.key)
        if key[0] is None:
            continue
        mine = changed[(components == key[0]) & (sessions == key[1])]
        if len(mine) > _CHANGES:
            mine = mine[np.linspace(0, len(mine) - 1, _CHANGES).astype(np.int64)]
        component, of_session = log.name("component", key[0]), log.interner("session").value(key[1])
        places = sorted({*mine.tolist(), *spread})
        found = changes(log, component, of_session, int(rows[0]) - 1, places)
        cells = np.maximum(projection.cells(np.array(found, np.int64)), 0).tolist()
        before = None
        for row, cell in zip(found, cells, strict=True):
            word = payloads.state(row)
            if word and word != before:
                words.append(Word(number, cell, word))
                before = word
    return scene._replace(words=tuple(words))


def with_outcomes(scene: Scene, payloads: Payloads) -> Scene:
    """The same, where the bars of activations that were cancelled say so."""
    bars = tuple(
        bar._replace(end=CANCELLED) if not bar.end and bar.last >= 0 and payloads.cancelled(bar.last) else bar
        for bar in scene.bars
    )
    return scene._replace(bars=bars)

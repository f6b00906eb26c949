"""Named programs to simulate and explore, each with a bug that can be switched on: see `scenario`."""

from __future__ import annotations

from backend.scenarios.play import Play, Played
from backend.scenarios.scenario import BOTH, BUGGY, FIXED, Act, Scenario, Scene, scenario

__all__ = ["BOTH", "BUGGY", "FIXED", "Act", "Play", "Played", "Scenario", "Scene", "scenario"]

"""What holds for all tests."""

from __future__ import annotations

import gc

from tests.support import examples, settling

examples.install()
settling.install()


COLLECTED = (40_000, 10, 20)
"""The collector's thresholds: as seldom as the interface has it, all of it once in eight million objects."""


def pytest_collection_finish() -> None:
    """Spare the collector what the tests' modules have brought: a million objects at each look at all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


def pytest_unconfigure() -> None:
    """Modules that look for leaks at the end find none."""
    gc.unfreeze()

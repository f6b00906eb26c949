"""What holds for all tests."""

from __future__ import annotations

import gc

from tests.support import examples, settling

examples.install()
settling.install()


def pytest_collection_finish() -> None:
    """Spare the collector what the tests' modules have brought: a million objects at each look at all."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Modules that look for leaks at the end find none."""
    gc.unfreeze()

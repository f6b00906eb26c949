from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.scenarios.simulating import Command


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """`doubletalk simulate`, in this process."""
    return Command(monkeypatch, capfdbinary)


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Files of users are imported, and their folders put on the path: not for the next test."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__doubletalk_scenarios__", False):
            del sys.modules[name]

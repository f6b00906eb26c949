"""Where test files of users are run, by a pytest of their own."""

from __future__ import annotations

import pytest

from tests.cli.command import ROOT


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """With our plugin, and without those that only our own tests need."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    foreign = ("textual-snapshot", "syrupy", "xdist", "hypothesispytest", "timeout", "anyio")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in foreign))
    return pytester

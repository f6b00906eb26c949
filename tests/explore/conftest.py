"""Where test files of users are run, by a pytest of their own."""

from __future__ import annotations

import pytest

from tests.cli.command import ROOT


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """With our plugin and pytest-asyncio alone."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p debugger.testing.plugin -p pytest_asyncio.plugin")
    return pytester

"""What pytest loads: the fixture, the marker, and the verdict at the end of the call. It imports little."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from debugger.report import Severity
    from debugger.testing.explored import Place
    from debugger.testing.recorded import Recorded

_KEY: pytest.StashKey[Recorded] = pytest.StashKey()
_SEVERITIES = ("error", "warning", "info", "never")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What holds for all tests."""
    parser.addini("doubletalk_fail_on", "The mildest finding that fails a test.", default="error")
    parser.addini("doubletalk_rules", "Files of rules beside the built-in ones.", type="paths", default=[])
    text = "Where an explored test that fails puts its tape and recordings, to be run first next time."
    parser.getgroup("doubletalk").addoption("--doubletalk-out", metavar="DIR", default=None, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    text = "doubletalk(fail_on='error', rules=()): how strictly the recording of the test is judged."
    config.addinivalue_line("markers", text)


@pytest.fixture
def doubletalk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """The program under test, recorded: see `debugger.testing.recorded.Recorded`."""
    from debugger.testing.recorded import Recorded  # noqa: PLC0415 - most tests do not ask for it

    name = re.sub(r"\W+", "_", request.node.name)[:60]
    fail_on, rules = _asked(request)
    path = tmp_path_factory.mktemp("doubletalk") / f"{name}.jsonl"
    recorded = Recorded(name, path, fail_on=fail_on, rules=rules)
    request.node.stash[_KEY] = recorded
    yield recorded
    recorded.close()


@pytest.fixture
def doubletalk_explored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """For tests with `debugger.testing.explore`: where they are, and where they put what they find."""
    from debugger.testing.explored import place_of  # noqa: PLC0415 - most tests do not ask for it

    _, rules = _asked(request)
    return place_of(request, tmp_path_factory, rules)


def _asked(request: pytest.FixtureRequest) -> tuple[Severity | None, list[Path]]:
    config = request.config
    marker = request.node.get_closest_marker("doubletalk")
    said: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    unknown = set(said) - {"fail_on", "rules"}
    if unknown or (marker is not None and marker.args):
        raise pytest.UsageError(f"the marker doubletalk takes fail_on and rules, by name: {marker}")
    fail_on = str(said.get("fail_on", config.getini("doubletalk_fail_on")))
    if fail_on not in _SEVERITIES:
        raise pytest.UsageError(f"fail_on is one of {', '.join(_SEVERITIES)}, not {fail_on!r}")
    rules = [*config.getini("doubletalk_rules"), *(config.rootpath / one for one in said.get("rules", ()))]
    return (None if fail_on == "never" else cast("Severity", fail_on)), [Path(one) for one in rules]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """After a test that passed: was it luck?"""
    result = yield
    recorded = item.stash.get(_KEY, None)
    if recorded is not None and recorded.due:
        from debugger.testing.recorded import RacesFoundError  # noqa: PLC0415 - only where there is a recording

        races = ""
        try:
            recorded.check()
        except RacesFoundError as found:
            races = str(found)
        if races:
            pytest.fail(races, pytrace=False)
    return result

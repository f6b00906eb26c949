"""For pytest: a test whose program races fails, with the explanation.

The plugin is loaded by pytest itself (``doubletalk`` must be installed with its ``check`` extra)::

    async def test_deposits(doubletalk):
        @doubletalk.watch(track=["balance"])
        class Account: ...

After the test its recording is judged as `doubletalk check` would. How strictly, and with which files of
rules, says a marker: ``@pytest.mark.doubletalk(fail_on="warning", rules=["tests/rules.toml"])``.

A test that is run under many schedules, in virtual time::

    from debugger import testing as doubletalk

    @doubletalk.explore(schedules=200)
    async def test_deposits(tap): ...
"""

from __future__ import annotations

from debugger.testing.explored import explore
from debugger.testing.recorded import RacesFoundError, Recorded

__all__ = ["RacesFoundError", "Recorded", "explore"]

"""What holds for all tests."""

from __future__ import annotations

from tests.support import examples, settling

examples.install()
settling.install()

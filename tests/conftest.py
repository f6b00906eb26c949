"""What holds for all tests."""

from __future__ import annotations

from tests.support.settling import install

install()

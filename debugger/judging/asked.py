"""What is to be judged, and how: plain values, since another process gets them."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct


class Asked(Struct, frozen=True):
    """How to judge. A ``live`` log is expected to go on; of it the newest `keep` rows are known (None: all).

    ``rules`` are files of rules beside the built-in ones: name and text. Suppressions hold as of `today`.
    """

    today: dt.date
    live: bool = False
    keep: int | None = None
    rules: tuple[tuple[str, str], ...] = ()

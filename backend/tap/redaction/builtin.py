"""What is redacted without being named by anybody: keys and patterns, by group.

The patterns take time that grows with the length of the text alone: each begins at a place that few
characters of a text can be (a literal, or the first of a run), and what may repeat is taken whole or
bounded. They prefer a miss to a false hit: a timestamp, an id or a float is no phone number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

Spans = Callable[[str], list[tuple[int, int]]]
"""Where in a text something is: starts and ends, in the order of their starts; none is empty."""


class Group(NamedTuple):
    """What belongs together: keys, whose values are never told, and what finds it in any text."""

    keys: tuple[str, ...] = ()
    find: Spans | None = None


# --- e-mail ----------------------------------------------------------------------------------

_EMAIL: Final = re.compile(
    r"(?<![\w.%+-])[\w.%+-]++@"  # from the first of a run on: each run is looked at once
    r"(?:[\w-]++\.)+[^\W\d_]{2,}(?![\w@])"  # the last label is of letters: `tool@2.0.1` is none
)

_LONGEST_USER: Final = 200


def _emails(text: str) -> list[tuple[int, int]]:
    if "@" not in text:
        return []
    return [found.span() for found in _EMAIL.finditer(text) if not _in_url(text, found.start())]


def _in_url(text: str, at: int) -> bool:
    """Whether a place is in a URL's password: what follows it is a host, and no part of an address."""
    before = text[max(0, at - _LONGEST_USER) : at]
    user = before[before.rfind("://") + 3 :] if "://" in before else ""
    return ":" in user and not any(char in user for char in " /?#\n")


# --- phone -----------------------------------------------------------------------------------

_ABROAD: Final = re.compile(r"(?<![\w.+-])\+[1-9][\d ()./-]*+")
"""A run that may be +49 151 23456789 or +1 (555) 234-5678, and what comes after it."""
_AT_HOME: Final = re.compile(
    r"(?<![\w.+-])(?:"
    r"\(\d{3}\) ?\d{3}[ .-]\d{4}"  # (555) 234-5678
    r"|(?:1[ .-])?[2-9]\d{2}([ .-])[2-9]\d{2}\1\d{4}"  # 555-234-5678
    r"|0[1-9]\d{1,3}[ /-]\d{3,4}(?:[ -]?\d{2,4}){1,2}"  # 030 1234567, 0171/123 4567
    r")(?![\w+]|[.:,-]\d)"
)
_IN_PARTS: Final = re.compile(r"[0-9][ .)/-]{1,2}[0-9]{3}")  # as all of these are
_FEWEST: Final = 8  # less may be anything
_MOST: Final = 15  # E.164
_SEPARATED: Final = re.compile(r"\d+|[^\d]+")


def _phones(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    if "+" in text:
        spans += [span for found in _ABROAD.finditer(text) if (span := _abroad(text, *found.span()))]
    if _IN_PARTS.search(text) is not None:
        spans += [found.span() for found in _AT_HOME.finditer(text)]
        spans.sort()
    return spans


def _abroad(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The number that a run begins with; what has one point and nothing else is a float."""
    digits, stop, between, signs = 0, start, "", ""
    for part in _SEPARATED.finditer(text, start + 1, end):
        if part[0][0].isdigit():
            if digits + len(part[0]) > _MOST:
                break
            digits += len(part[0])
            stop = part.end()
            signs += between
        elif len(part[0]) > 2:  # noqa: PLR2004 - `) ` is one, ` - ` is none
            break
        else:
            between = part[0]
    goes_on = text[stop : stop + 1].isalnum() or text[stop : stop + 1] == "_"
    return (start, stop) if digits >= _FEWEST and not goes_on and signs != "." else None


# --- credentials -----------------------------------------------------------------------------

_NAMES: Final = (
    r"passwords?|passwd|pwd|passphrase|secret|(?:client|app)[_-]?secret|api[_-]?key|private[_-]?key"
    r"|(?:access|refresh|auth|id|session|bearer)[_-]?token|credentials?"
)
_NAMED: Final = re.compile(
    r"\b(?:proxy-)?authorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?"
    r"(?:\w{1,20} )?(?P<a>(?!\[redacted)[^\s\"',;]{4,})"
    r"|(?<![^\W_])(?:" + _NAMES + r")[\"']?\s{0,9}[=:]\s{0,9}[\"']?"
    r"(?P<b>(?!\[redacted)[^\s\"',;&|)\]}]{3,})"
    r"|[?&](?:token|key|sig|signature)=(?P<c>(?!\[redacted)[^\s\"'&#]{8,})"
    r"|://(?P<d>[^\s/?#\"'<>]*(?=@))",
    re.IGNORECASE,
)
_NAMED_BY: Final = ("pass", "pwd", "secret", "key", "token", "auth", "credential", "://", "sig")

_BEARER: Final = re.compile(r"\bbearer\s{1,9}((?=[^\s\d]*+\d)[\w.~+/=-]{12,})", re.IGNORECASE)

_ISSUED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|A(?:KI|SI)A[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
    r"[A-Za-z0-9+/=\s\\:,]*+(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
_ISSUED_BY: Final = ("sk-", "k_live_", "k_test_", "gh", "glpat-", "xox", "hf_", "-----BEGIN")


def _secrets(text: str) -> list[tuple[int, int]]:
    # Most texts have none of the signs that these begin with, and to look for a sign is cheap.
    spans: list[tuple[int, int]] = []
    lower = text.lower()
    if ("=" in text or ":" in text) and any(name in lower for name in _NAMED_BY):
        named = (found.span(found.lastgroup or 0) for found in _NAMED.finditer(text))
        spans += [span for span in named if span[0] < span[1]]
    marked = ("-" in text or "_" in text) and any(sign in text for sign in _ISSUED_BY)
    if marked or "AKIA" in text or "ASIA" in text or "AIza" in text or "eyJ" in text:
        spans += [found.span() for found in _ISSUED.finditer(text)]
    if "bearer" in lower:
        spans += [found.span(1) for found in _BEARER.finditer(text)]
    if len(spans) > 1:
        spans.sort()
    return spans


# --- the groups --------------------------------------------------------------------------------

GROUPS: Final = {
    "credentials": Group(
        (
            "*password*",
            "*passwd*",
            "*passphrase*",
            "pwd",
            "*secret*",
            "*credential*",
            "*api_key*",
            "*api-key*",
            "*apikey*",
            "*private_key*",
            "*private-key*",
            "*privatekey*",
            "*access_token*",
            "*accesstoken*",
            "*refresh_token*",
            "*refreshtoken*",
            "*auth_token*",
            "*id_token*",
            "*session_token*",
            "*bearer*",
            "token",
            "*authorization",
            "cookie",
            "set-cookie",
        ),
        _secrets,
    ),
    "email": Group(("email", "e_mail", "e-mail", "*email_address*", "*emailaddress*"), _emails),
    "phone": Group(
        ("phone", "*phone_number*", "*phonenumber*", "*telephone*", "mobile", "mobile_number", "msisdn"),
        _phones,
    ),
    "name": Group(
        (
            "first_name",
            "firstname",
            "last_name",
            "lastname",
            "full_name",
            "fullname",
            "given_name",
            "family_name",
            "surname",
            "user_name",
            "username",
            "caller_name",
            "customer_name",
            "user.name",
            "caller.name",
            "customer.name",
        )
    ),
}
"""By the name that stands in the place of what was redacted."""

_CAUSAL: Final = ("child", "lock", "queue", "item", "worker_id", "stream_id", "request_id", "keys")
CAUSAL: Final = tuple(f"data.{key}" for key in _CAUSAL)
"""What events are tied to each other by, beside their ids. Redacted only where it is named as a key."""

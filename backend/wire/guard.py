"""Who may open the feed: Host, Origin and token of a request. Pure functions, for every server of ours.

A server on loopback is within reach of every web page that its user opens, so names are
checked there too: *Host* against DNS rebinding, *Origin* against pages of other sites.
A token travels as ``Authorization: Bearer TOKEN``, or, from a browser, as the WebSocket
subprotocol ``doubletalk.token.TOKEN``, offered beside ``doubletalk.feed.1`` which the
server selects, so that the token is never echoed.

Watching and controlling are two rights, with a token each. That for control lets watch, too; that for
watching never lets control, nor does loopback. A page of another origin may not control, whatever it has.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from backend.wire.control import ControlOffer
from backend.wire.frames import SUBPROTOCOL

TOKEN_SUBPROTOCOL: Final = "doubletalk.token."  # noqa: S105 - the prefix of a token, no token

# RFC 9110 token characters: what fits into a header and a subprotocol unquoted.
_TOKEN_TEXT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{16,256}")


class Refusal(Struct, frozen=True):
    """Why a request is turned away: HTTP status and one line; ``reason`` is what it is counted under."""

    status: int
    message: str
    reason: str = ""


class TokenPolicy(Struct, frozen=True):
    """The token that lets watch, and whether one is needed. A wrong one is refused even where none is.

    ``control`` is the token that lets control; without one nobody may.
    """

    token: str | None = None
    required: bool = False
    control: str | None = None

    def __post_init__(self) -> None:
        if self.required and not self.token:
            raise ValueError("a token is required, but none is set")
        for token in (self.token, self.control):
            if token is not None and not _TOKEN_TEXT.fullmatch(token):
                raise ValueError("a token has 16 to 256 letters, digits or characters of !#$%&'*+-.^_`|~")
        if self.control is not None and self.control == self.token:
            raise ValueError("control needs a token of its own: who may watch could control with this one")


OPEN: Final = TokenPolicy()


class Guard(Struct, frozen=True):
    """What a server lets in. ``hosts`` are further names it is known by, beside loopback ones.

    ``any_address`` lets any IP address pass as Host: for a server bound to more than
    loopback, which a rebound name still cannot reach.
    """

    policy: TokenPolicy = OPEN
    hosts: frozenset[str] = frozenset()
    any_address: bool = False

    def check(
        self,
        *,
        host: str | None,
        origin: str | None = None,
        authorization: str | None = None,
        subprotocols: Iterable[str] = (),
    ) -> Refusal | None:
        """None if the request may pass. Takes header values as they came."""
        name = host_name(host or "")
        if name is None or not self._known(name):
            return Refusal(403, "this Host name is not served here", "host")
        if origin is not None:
            site = origin_host(origin)
            if site is None or not (is_loopback(site) or site in self.hosts or site == name):
                return Refusal(403, "this Origin may not watch", "origin")
        given = _given_token(authorization, subprotocols)
        if given is None:
            return Refusal(401, "a token is needed", "token") if self.policy.required else None
        if self.policy.token is None and self.policy.control is None:
            return None  # there is nothing to guard
        # Both are compared, whatever the first says: how long it takes tells nothing.
        watches, controls = _same(given, self.policy.token), _same(given, self.policy.control)
        return None if watches or controls else Refusal(401, "the token is wrong", "token")

    def control(
        self,
        *,
        host: str | None,
        origin: str | None = None,
        authorization: str | None = None,
        subprotocols: Iterable[str] = (),
    ) -> ControlOffer:
        """What a client that `check` let in may do beyond watching."""
        if self.policy.control is None:
            return ControlOffer()
        given = _given_token(authorization, subprotocols)
        allowed = given is not None and _same(given, self.policy.control)
        if origin is not None and urlsplit(origin).netloc.lower() != (host or "").lower():
            allowed = False  # a page of another server on this machine, say
        return ControlOffer(offered=True, allowed=allowed)

    def _known(self, name: str) -> bool:
        return is_loopback(name) or name in self.hosts or (self.any_address and _is_address(name))


def guard_for(bind: str, policy: TokenPolicy, hosts: Iterable[str] = ()) -> Guard:
    """The guard of a server bound to address or name `bind`.

    Raises:
        ValueError: bound to more than loopback, and no token to ask for.
    """
    names = frozenset(host.lower() for host in hosts)
    if is_loopback(bind):
        return Guard(policy, names)
    if not policy.token:
        raise ValueError(
            f"refusing to listen on {bind} without a token: give one with --token-file or "
            "DOUBLETALK_TOKEN, or listen on 127.0.0.1"
        )
    return Guard(structs.replace(policy, required=True), names | {bind.lower()}, any_address=True)


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine only."""
    if name.lower() in {"localhost", "localhost."} or name.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str | None:
    """The lower-case name in a Host header, without port and brackets; None if it is malformed."""
    if not header or any(char in header for char in "/?#@\\") or not header.isprintable():
        return None
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname


def origin_host(origin: str) -> str | None:
    """The host of a web origin; None for ``null`` and anything that is no http(s) origin."""
    try:
        parts = urlsplit(origin)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname


def select_subprotocol(offered: Iterable[str]) -> str | None:
    """The subprotocol to answer with: ours if it was offered, never the token."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _given_token(authorization: str | None, subprotocols: Iterable[str]) -> str | None:
    if authorization is not None:
        scheme, _, credentials = authorization.partition(" ")
        return credentials.strip() if scheme.lower() == "bearer" else ""
    for offered in subprotocols:
        if offered.startswith(TOKEN_SUBPROTOCOL):
            return offered.removeprefix(TOKEN_SUBPROTOCOL)
    return None


def _same(given: str, token: str | None) -> bool:
    """Compared in constant time. No token is none that could be given."""
    if token is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())

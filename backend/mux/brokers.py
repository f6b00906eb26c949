"""What NATS and Kafka have in common: servers and options of a URL, TLS, and names of streams."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from backend.mux.protocol import POISON, Limits, MuxRefusedError
from backend.mux.transports import shown, split_url

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_LONGEST_NAME: Final = 200
_TLS_OPTIONS: Final = ("tls", "ca", "cert", "key")
_YES: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Address(Struct, frozen=True):
    """Where a server is, and who asks it."""

    name: str
    """For people: no user, no password, no options."""
    hosts: tuple[str, ...]
    """Each ``host:port``."""
    user: str | None
    password: str | None
    options: dict[str, str]
    """Without those of TLS."""
    tls: ssl.SSLContext | None

    def number(self, option: str, default: int, least: int, most: int) -> int:
        """The value of an option that is a number.

        Raises:
            MuxRefusedError: it is none, or out of bounds.
        """
        text = self.options.get(option, str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise MuxRefusedError(f"{self.name}: {option} has to be a number from {least} to {most}")
        return int(text)


def address_of(url: str, port: int, options: Mapping[str, str]) -> Address:
    """A URL's parts; ``options`` says what else it may have, each with the words that explain it.

    More servers of the same cluster follow the first, with commas: ``nats://one:4222,two:4222``.

    Raises:
        MuxRefusedError: it cannot be used; says why.
    """
    parts = split_url(url)
    name = shown(url)
    if parts.path.strip("/") or parts.fragment:
        raise MuxRefusedError(f"{name}: no path is expected; write {parts.scheme}://HOST:{port}")
    found: dict[str, str] = {}
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if option not in options and option not in _TLS_OPTIONS:
            known = ", ".join([*options, *_TLS_OPTIONS])
            raise MuxRefusedError(f"{name}: unknown option {option[:40]!r}; there are {known}")
        found[option] = value
    who, at, where = parts.netloc.rpartition("@")
    user, colon, password = who.partition(":")
    return Address(
        name,
        tuple(_host(name, host, port) for host in where.split(",")),
        unquote(user) if at else None,
        unquote(password) if colon else None,
        {option: value for option, value in found.items() if option in options},
        _tls(name, {option: value for option, value in found.items() if option in _TLS_OPTIONS}),
    )


def _host(name: str, text: str, port: int) -> str:
    """With the port that is meant if there is none."""
    host, colon, number = text.rpartition(":")
    if not colon or (text.startswith("[") and text.endswith("]")):
        host, number = text, str(port)
    if not host.strip("[]"):
        raise MuxRefusedError(f"{name}: no host in it; write for example 127.0.0.1:{port}")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 1 << 16:
        raise MuxRefusedError(f"{name}: {number[:20]!r} is no port")
    return f"{host}:{number}"


def _tls(name: str, options: dict[str, str]) -> ssl.SSLContext | None:
    wanted = options.get("tls", "true" if options else "false").lower()
    if wanted not in _YES:
        raise MuxRefusedError(f"{name}: tls is true or false")
    if not _YES[wanted]:
        return None
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except (OSError, ssl.SSLError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise MuxRefusedError(f"{name}: ca, cert or key cannot be used: {said}") from None
    return context


def limits_of(limits: Mapping[str, Limits], stream: str) -> Limits:
    """How much a stream keeps; of poisoned entries fewer."""
    return limits.get(stream) or (Limits(1_000) if stream.endswith(POISON) else Limits())


def checked_name(text: str, what: str) -> str:
    """A name that every server can have, changed one to one into what it allows.

    Raises:
        MuxRefusedError: it has other characters.
    """
    if len(text) > _LONGEST_NAME or not _NAME.fullmatch(text):
        raise MuxRefusedError(
            f"{text[:40]!r} is no name of a {what}: letters, digits, _ and -, parts separated by /"
        )
    return text

"""The command and its options."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from backend.errors import UserError
from backend.store import is_store
from backend.token_file import given_token
from debugger.cli.doctor.diagnosis import Diagnosis, Verdict, problem
from debugger.cli.inspect.printing import print_json
from debugger.cli.telling import one_line
from debugger.cli.trust import CaOption, ca_given

SCHEMA: Final = "doubletalk.doctor/1"
_MARKS: Final = {Verdict.OK: "ok", Verdict.NOTE: "note", Verdict.PROBLEM: "WRONG"}
_ADDRESS: Final = re.compile(r"\d{1,5}|\[[0-9a-fA-F:.]+\](:\d+)?|[\w.-]+:\d{1,5}")


class Format(StrEnum):
    """Of what is printed."""

    TEXT = "text"
    JSON = "json"


def doctor(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL|STORE|FILE...]", help="A feed, a stream server, a store, a recording."),
    ] = None,
    *,
    form: Annotated[Format, typer.Option("--format", "-f", help="What is printed.")] = Format.TEXT,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the feeds' token.")
    ] = None,
    ca: CaOption = None,
) -> None:
    """Say what is missing, and what to do about it: of this machine, or of what is named.

    Exits with 1 when something is wrong, with 2 when it was asked for what cannot be.
    """
    found: dict[str, list[Diagnosis]] = {}
    if not what:
        found["this machine"] = list(_machine(token_file))
    token = _token(token_file) if what else None
    for one in dict.fromkeys(what or ()):
        found[one] = list(_told(one, token, ca_given(ca)))
    if form is Format.JSON:
        print_json(SCHEMA, {"sound": not _wrong(found), "subjects": found})
    else:
        _print(found)
    raise typer.Exit(1 if _wrong(found) else 0)


def _token(token_file: Path | None) -> str | None:
    return given_token(token_file)


def _wrong(found: dict[str, list[Diagnosis]]) -> bool:
    return any(one.verdict is Verdict.PROBLEM for told in found.values() for one in told)


def _machine(token_file: Path | None) -> Iterator[Diagnosis]:
    from debugger.cli.doctor import installed, machine  # noqa: PLC0415 - not for a server or a store

    sound = machine.Sound()
    yield from installed.python()
    yield from installed.extras()
    yield from installed.models()
    yield from machine.terminal()
    yield from machine.ports()
    yield from machine.folders()
    yield from machine.tokens(token_file)
    yield sound.told()


def _told(subject: str, token: str | None, ca: str | None) -> Iterable[Diagnosis]:
    """What there is to say of something that is named.

    Raises:
        UserError: it is none of what can be looked at.
    """
    from debugger.cli.doctor import recordings  # noqa: PLC0415 - as above

    path = Path(subject)
    if is_store(path):
        return recordings.store(path)
    if "://" in subject or (_ADDRESS.fullmatch(subject) and not _there(path)):
        from debugger.cli.doctor.servers import server  # noqa: PLC0415 - loads asyncio and more

        return server(subject, token, ca)
    if not _there(path):
        raise UserError(f"{subject}: no such file or folder, and no URL such as 127.0.0.1:8765")
    if path.is_dir():
        return [problem("store", f"{subject} is a folder, but no store", "name a recording in it")]
    return recordings.recording(subject)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _print(found: dict[str, list[Diagnosis]]) -> None:
    """A line each; what to do about it beneath."""
    width = max((len(one.about) for told in found.values() for one in told), default=0)
    for number, (subject, told) in enumerate(found.items()):
        if len(found) > 1:
            sys.stdout.write(f"{chr(10) if number else ''}{one_line(subject)}\n")
        for one in told:
            about = one_line(one.about)
            sys.stdout.write(f"{_MARKS[one.verdict]:<6}{about:<{width}}  {one_line(one.told)}\n")
            if one.fix and one.verdict is not Verdict.OK:
                sys.stdout.write(f"{'':<6}{'':<{width}}  -> {one_line(one.fix)}\n")
    wrong = sum(one.verdict is Verdict.PROBLEM for told in found.values() for one in told)
    sys.stdout.write(
        f"\n{wrong} {'thing is' if wrong == 1 else 'things are'} wrong\n" if wrong else "\nsound\n"
    )

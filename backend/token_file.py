"""Tokens: where a server takes its own from, and where a client on the same machine finds it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from backend.errors import UserError
from backend.wire.guard import TokenPolicy

VARIABLE: Final = "DOUBLETALK_TOKEN"
CONTROL_VARIABLE: Final = "DOUBLETALK_CONTROL_TOKEN"

_TOO_LONG = 4096  # bytes; no token file is that large


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def given_token(
    path: str | Path | None, environ: Mapping[str, str] = os.environ, variable: str = VARIABLE
) -> str | None:
    """The token that the user gave: the file's at `path`, else that of the variable, else None.

    Raises:
        UserError: the file cannot be read, or what is in it is no token.
    """
    if path is not None:
        try:
            with Path(path).open("rb") as file:
                text = file.read(_TOO_LONG).decode("ascii", "replace").strip()
        except OSError as error:
            raise UserError(f"cannot read the token file {path}: {error.strerror}") from None
        return _checked(text, f"the token in {path}")
    text = environ.get(variable, "").strip()
    return _checked(text, variable) if text else None


def _checked(token: str, what: str) -> str:
    try:
        TokenPolicy(token)
    except ValueError as error:
        raise UserError(f"{what} is no token: {error}") from None
    return token


def run_token_path(port: int) -> Path:
    """Where the server on `port` of this machine leaves its token for this user's clients."""
    import platformdirs  # noqa: PLC0415 - the tap alone does without

    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it warns of its fallback; `_refuse_foreign` sees to what matters.
        warnings.simplefilter("ignore")
        folder = platformdirs.user_runtime_dir("doubletalk")
    return Path(folder) / f"token-{port}"


def write_run_token(port: int, token: str | None, control: str | None = None) -> Path:
    """Leave tokens for clients of this user; the file is 0600. Returns its path; remove it at the end.

    The first line is the one that lets watch, empty where none is needed; the second lets control.

    Raises:
        UserError: the folder is another user's, or cannot be written.
    """
    path = run_token_path(port)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(path.parent)
        path.unlink(missing_ok=True)
        # Exclusive, and not through a link: nobody can have prepared the file for us.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{token or ''}\n" + (f"{control}\n" if control else ""))
    except OSError as error:
        raise UserError(f"cannot write the token file {path}: {error.strerror}") from None
    return path


def find_run_token(port: int) -> str | None:
    """The token of this user's server on `port` of this machine; None if there is none to trust."""
    return _found(port, 0)


def find_control_token(port: int) -> str | None:
    """The same for the token that lets control."""
    return _found(port, 1)


def _found(port: int, line: int) -> str | None:
    path = run_token_path(port)
    try:
        _refuse_foreign(path.parent)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor) as file:
            status = os.fstat(descriptor)
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                return None
            lines = file.read(_TOO_LONG).splitlines()
        return _checked(lines[line].strip(), str(path)) if line < len(lines) else None
    except (OSError, UnicodeDecodeError, UserError):
        return None


def remove_run_token(port: int) -> None:
    """Take the token away again, when the server ends."""
    with contextlib.suppress(OSError):
        run_token_path(port).unlink()


def _refuse_foreign(folder: Path) -> None:
    """A shared temporary folder may hold one of that name that somebody else made.

    Raises:
        UserError: it is not ours, or others may write to it.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise UserError(f"{folder} is not this user's alone: remove it, or set XDG_RUNTIME_DIR")

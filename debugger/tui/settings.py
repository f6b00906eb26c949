"""What one chose is remembered: theme, layout, columns, saved queries. And the keys one wrote down.

Two files of one folder, ``DOUBLETALK_CONFIG`` or the user's configuration folder: ``settings.json``
is the program's, and ``keys.toml`` the user's, which is only ever read. Nothing wrong in either
stops the program: it goes on with what it has by default, and says one line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import platformdirs
from msgspec import Struct

from debugger.tui.text import safe_text

VARIABLE: Final = "DOUBLETALK_CONFIG"
FILE: Final = "settings.json"
KEYS_FILE: Final = "keys.toml"

_MAX_BYTES: Final = 1 << 20
_WAITS: Final = 25  # for another program's writing, which takes a millisecond
_WAIT_SECONDS: Final = 0.01
_LINE: Final = 200


class Settings(Struct, frozen=True):
    """What was chosen. ``layout`` is the screen's own, ``queries`` are saved queries by their names.

    ``history`` are queries that were typed, the latest at the end. ``keys`` maps actions to keys: what
    the user wrote, for `keys.user` to judge.
    """

    theme: str = "doubletalk"
    layout: dict[str, Any] = {}
    columns: tuple[str, ...] = ()
    queries: dict[str, str] = {}
    history: tuple[str, ...] = ()
    seen_hint: bool = False
    keys: dict[str, Any] = {}


_TYPES: Final[dict[str, Any]] = {
    field.name: field.type for field in msgspec.structs.fields(Settings) if field.name != "keys"
}


class _UnusableError(Exception):
    """A file is there, but is not what it should be. The words say why."""


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the files are."""
    given = environ.get(VARIABLE)
    return Path(given) if given else Path(platformdirs.user_config_dir("doubletalk"))


def load(where: Path | None = None) -> tuple[Settings, list[str]]:
    """What is remembered, and a line for each thing that could not be read. Never fails."""
    where = where or folder()
    problems: list[str] = []
    path = where / FILE
    found: dict[str, Any] = {}
    try:
        found = _decoded(path)
    except _UnusableError as error:
        problems.append(
            f"{path}: {error}; going on without it, and keeping it as {FILE}.bak when next something is saved"
        )
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror}); going on without it")
    chosen: dict[str, Any] = {}
    for name, kind in _TYPES.items():
        if name in found:
            try:
                chosen[name] = msgspec.convert(found[name], kind)
            except (msgspec.ValidationError, RecursionError) as error:
                problems.append(f"{path}: {name} is left out ({safe_text(error, _LINE)})")
    try:
        chosen["keys"] = _read_keys(where / KEYS_FILE)
    except (_UnusableError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(f"{where / KEYS_FILE}: {why}; the keys are as they come")
    return Settings(**chosen), problems


def save(settings: Settings, where: Path | None = None) -> list[str]:
    """Write all of `settings` but the keys, which are the user's to write. Returns what went wrong."""
    return change(where, **{name: getattr(settings, name) for name in _TYPES})


def change(where: Path | None = None, /, **fields: Any) -> list[str]:
    """Remember these fields; the others stay as they are in the file by now, unknown ones too.

    Returns a line for what went wrong; then nothing is changed.

    Raises:
        TypeError: a field that is none of `Settings`, or is not the program's to write.
    """
    foreign = fields.keys() - _TYPES.keys()
    if foreign:
        raise TypeError(f"not remembered: {', '.join(sorted(foreign))}")
    where = where or folder()
    # Where it is a link (a home kept in a repository), what it points to is written.
    path = Path(os.path.realpath(where / FILE))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path.with_name(f".{FILE}.lock")):
            try:
                found = _decoded(path)
            except _UnusableError:
                found = {}
                path.rename(_free(path.with_name(f"{path.name}.bak")))
            _write(path, found | fields)
    except OSError as error:
        return [f"{path}: cannot be written ({error.strerror}); this choice is forgotten at the end"]
    return []


def begin_keys(text: str, where: Path | None = None) -> str:
    """Lay down a key map for the user to edit, if there is none yet. Returns what is to be said about it."""
    path = (where or folder()) / KEYS_FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return f"your keys are in {path}"
    except OSError as error:
        return f"{path}: cannot be written ({error.strerror})"
    return f"wrote {path}: every action is in it, to be given other keys"


def _decoded(path: Path) -> dict[str, Any]:
    """The file's object; an absent or empty file has none.

    Raises:
        _UnusableError: it is something else.
        OSError: it cannot be read.
    """
    content = _content(path)
    if not content.strip():
        return {}
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _UnusableError(f"not JSON ({safe_text(error, _LINE)})") from None
    if not isinstance(found, dict):
        raise _UnusableError("not a JSON object")
    return found


def _content(path: Path) -> bytes:
    try:
        # Not to hang on a pipe of that name.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _UnusableError("not a file")
        if status.st_size > _MAX_BYTES:
            raise _UnusableError(f"over {_MAX_BYTES >> 20} MiB")
        return file.read(_MAX_BYTES)


def _read_keys(path: Path) -> dict[str, Any]:
    try:
        text = _content(path).decode()
        found = tomllib.loads(text)
    except UnicodeDecodeError:
        raise _UnusableError("not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _UnusableError(f"not TOML ({safe_text(error, _LINE)})") from None
    keys = found.get("keys", {})
    if not isinstance(keys, dict):
        raise _UnusableError("[keys] is no table")
    return _flat(keys)


def _flat(table: dict[str, Any], before: str = "") -> dict[str, Any]:
    """``time.play = "p"`` is a table in a table for TOML; here it is the action ``time.play``."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = value
    return flat


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Read, change and write without another program in between; it is waited for, but not for ever."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(_WAITS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_WAIT_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, found: dict[str, Any]) -> None:
    """All or nothing, readable by its owner only."""
    content = msgspec.json.format(msgspec.json.encode(found)) + b"\n"
    handle, name = tempfile.mkstemp(prefix=".settings-", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _free(path: Path) -> Path:
    """`path`, or with a number behind it: what was kept before is kept."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}{number}")
    return free

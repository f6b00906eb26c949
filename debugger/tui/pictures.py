"""The screen as a picture (SVG), and as plain text."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from textual.app import App

from backend.errors import UserError

Kind = Literal["svg", "txt"]

KINDS: Final[tuple[Kind, ...]] = ("svg", "txt")

_WEB_FONT: Final = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 80
_MOST_PICTURES: Final = 10_000


def svg(app: App[Any]) -> str:
    """What is on the screen now. Whoever opens the picture need not fetch a font from anywhere."""
    return _WEB_FONT.sub("", app.export_screenshot())


def text(app: App[Any]) -> str:
    """What is on the screen now: its lines, without trailing spaces and without colours."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system=None,
        record=True,
        legacy_windows=False,
        _environ={},
    )
    # As `App.export_screenshot` does it: there is no public way to what lies under a modal screen.
    compositor, behind = app.screen._compositor, app._background_screens  # noqa: SLF001 - see above
    console.print(compositor.render_update(full=True, screen_stack=behind))
    lines = console.export_text(styles=False).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def save(app: App[Any], where: Path, kind: Kind, *, recording: str = "", seq: int | None = None) -> Path:
    """Write a picture into a folder, named after the recording and the seq it shows. Overwrites nothing.

    Raises:
        UserError: it cannot be written.
    """
    content = svg(app) if kind == "svg" else text(app)
    stem = _stem(recording) + ("" if seq is None else f"-{seq}")
    for number in range(1, _MOST_PICTURES):
        path = where / f"{stem}{'' if number == 1 else f'-{number}'}.{kind}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from None
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from None
        return path
    raise UserError(f"{where} has {_MOST_PICTURES:,} pictures of this moment: remove some")


def _stem(recording: str) -> str:
    """A file's name without its folder and endings; nothing in it that a shell or a disk minds."""
    name = Path(recording).name
    for ending in (".gz", ".zst", ".jsonl"):
        name = name.removesuffix(ending)
    return _UNUSUAL.sub("-", name).strip("-.")[:_LONGEST_NAME] or "doubletalk"

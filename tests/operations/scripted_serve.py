"""`doubletalk serve` with scripted engines: ``python -m tests.operations.scripted_serve serve …``."""

from __future__ import annotations

from unittest import mock

from backend import compose
from backend.models import Scripted, ScriptedModel
from debugger.cli import main
from tests.operations.backends import Ears, Voice

if __name__ == "__main__":
    answers = [Scripted(("Hi there.",))] * 100
    with (
        mock.patch.object(compose, "HibariTts", Voice),
        mock.patch.object(compose, "WhisperStt", Ears),
        mock.patch.object(compose, "build_model", return_value=ScriptedModel(answers)),
    ):
        main()

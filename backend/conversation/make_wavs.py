"""Speaks the user's side of the built-in conversations: ``python -m backend.conversation.make_wavs``.

The WAVs are kept with the project, so that every run hears the same words; this is
how they came to be, and how those of a new script do. Existing files are left alone.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np

from backend.conversation.script import load_script, script_names
from backend.speech import LISTEN_RATE, HibariTts, Pcm, VoiceSettings, WavSink, resample

_USER_VOICE = VoiceSettings("soprano")
_SILENCE_SECONDS = 0.15


async def main() -> None:
    """Speak every line that has no WAV yet."""
    voice = HibariTts()
    await voice.start()
    for name in script_names():
        for part in load_script(name).parts:
            for step in part.steps:
                if step.wav is None or step.wav.exists():
                    continue
                pieces = [piece.samples async for piece in voice.synthesize(step.text, _USER_VOICE)]
                silence = np.zeros(int(_SILENCE_SECONDS * voice.sample_rate), np.float32)
                spoken = Pcm(np.concatenate([silence, *pieces, silence]), voice.sample_rate)
                sink = WavSink(step.wav, LISTEN_RATE)
                await sink.write(resample(spoken, LISTEN_RATE))
                await sink.close()
                sys.stderr.write(f"{step.wav.name}: {step.text}\n")
    await voice.close()


if __name__ == "__main__":
    asyncio.run(main())

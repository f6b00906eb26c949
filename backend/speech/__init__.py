"""Ears and a voice: real recognition, voice activity detection and synthesis, each behind a protocol.

Importing this loads no engine; each is loaded when it is started or made.
"""

from __future__ import annotations

from backend.speech.listener import Complete, EndOfAudio, Heard, Listener, ListenerSettings, Partial
from backend.speech.partial import PartialTranscriber
from backend.speech.protocol import (
    FRAME_MS,
    FRAME_SAMPLES,
    LISTEN_RATE,
    AudioInputError,
    AudioSink,
    AudioSource,
    Pcm,
    Samples,
    SpeechError,
    SpeechToText,
    TextToSpeech,
    Transcript,
    VoiceActivityDetector,
    VoiceSettings,
)
from backend.speech.resample import Resampler, resample
from backend.speech.sink import DeviceSink, NullSink, WavSink
from backend.speech.source import MicrophoneSource, WavSource
from backend.speech.stt import WhisperStt
from backend.speech.tts import HibariTts
from backend.speech.vad import Endpointer, EndpointSettings, SileroVad, SpeechEnded, SpeechStarted
from backend.speech.wav import WavInfo, WavWriter, inspect_wav, read_blocks, read_wav, write_wav

__all__ = [
    "FRAME_MS",
    "FRAME_SAMPLES",
    "LISTEN_RATE",
    "AudioInputError",
    "AudioSink",
    "AudioSource",
    "Complete",
    "DeviceSink",
    "EndOfAudio",
    "EndpointSettings",
    "Endpointer",
    "Heard",
    "HibariTts",
    "Listener",
    "ListenerSettings",
    "MicrophoneSource",
    "NullSink",
    "Partial",
    "PartialTranscriber",
    "Pcm",
    "Resampler",
    "Samples",
    "SileroVad",
    "SpeechEnded",
    "SpeechError",
    "SpeechStarted",
    "SpeechToText",
    "TextToSpeech",
    "Transcript",
    "VoiceActivityDetector",
    "VoiceSettings",
    "WavInfo",
    "WavSink",
    "WavSource",
    "WavWriter",
    "WhisperStt",
    "inspect_wav",
    "read_blocks",
    "read_wav",
    "resample",
    "write_wav",
]

"""Ears and a voice: real recognition, voice activity detection and synthesis, each behind a protocol."""

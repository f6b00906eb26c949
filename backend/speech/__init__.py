"""Ears and a voice: real speech recognition, voice activity detection and synthesis, each behind a protocol."""

"""Runs of a scenario under other schedules: searched, shrunk, kept, told."""

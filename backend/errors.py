"""What a user did wrong, or what is missing: told in one line, never as a traceback."""

from __future__ import annotations


class UserError(Exception):
    """One line for the user: what, where, and what to do. Ends a command with exit code 2."""

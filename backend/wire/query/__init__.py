"""Conditions on events, as the debugger and a held bus both understand them: the tree, and what it means."""

"""The list of turns, and where their time went."""

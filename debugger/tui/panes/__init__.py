"""The panes of the main screen: where each is, and how large."""

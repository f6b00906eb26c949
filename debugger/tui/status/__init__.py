"""The lines at the bottom: where one is, and which keys there are."""

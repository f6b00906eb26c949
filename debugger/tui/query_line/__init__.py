"""The line at the bottom in which one types: a filter, a search, where to run, what to watch, where to go."""

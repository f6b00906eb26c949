"""Two recordings side by side on the screen."""

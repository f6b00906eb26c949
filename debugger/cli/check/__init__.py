"""``doubletalk check``: what went wrong in recordings, what could, and what cannot be told; fails CI."""

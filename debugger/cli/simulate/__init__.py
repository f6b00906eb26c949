"""``doubletalk simulate``: a scenario played once in virtual time, and its recording."""

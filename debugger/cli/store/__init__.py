"""``doubletalk store``: what is done to a store besides writing and asking."""

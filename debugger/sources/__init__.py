"""Where events come from: a live feed, files, standard input."""

"""What the panes show, for pipes and programs: ``stats``, ``turns``, ``query``, ``show``."""

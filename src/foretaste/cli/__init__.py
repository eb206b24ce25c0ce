"""Floor 9: the command line, one verb a file; no logic of its own."""

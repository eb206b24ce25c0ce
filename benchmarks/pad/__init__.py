"""PAD's comparison: what is run, what is kept of it, and the table."""

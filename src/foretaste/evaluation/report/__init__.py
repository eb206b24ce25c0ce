"""A comparison shown: a table in the terminal, a page that stands alone."""

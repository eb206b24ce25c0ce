"""Importing logs and catalogues of any shape into the tidy form, with every refused row kept and counted."""

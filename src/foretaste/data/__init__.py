"""Floor 1: tables, ids, sequences and splits. Knows polars and numpy, never torch."""

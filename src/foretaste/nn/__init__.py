"""Floor 3: attention, recurrence, graphs, losses, samplers: plain torch blocks that know no data set and no file."""

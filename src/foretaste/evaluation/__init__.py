"""Floor 6: ranks, metrics, groups, significance, report. Does not know which system it measures."""

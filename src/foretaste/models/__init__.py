"""Floor 4: one file or folder for each system: its config, its network, its loss."""

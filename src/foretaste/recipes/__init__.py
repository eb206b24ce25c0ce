"""Floor 7: one short function for each system: the paper's stages in the paper's order."""

"""Floor 5: batches, the one training loop, checkpoints, resume. Does not know which system it trains."""

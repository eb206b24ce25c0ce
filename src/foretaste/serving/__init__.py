"""Floor 8: a saved folder becomes a recommender. Knows nothing of training."""

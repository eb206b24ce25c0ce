"""Finding the items of greatest inner product: exactly, or through FAISS."""

"""Finding the items of greatest inner product: exactly, through FAISS, or in a vector database."""

"""Language models and lesser means that turn texts into vectors."""

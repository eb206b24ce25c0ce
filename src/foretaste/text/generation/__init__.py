"""Language models that write: small ones made from a catalogue, and how likely a model finds a text."""

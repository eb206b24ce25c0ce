"""Losses, one a file. A loss over a catalogue takes states, targets, users and the item representation."""

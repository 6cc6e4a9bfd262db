"""Receptive fields: the table of all layers, the input with a field on it, and both in words."""

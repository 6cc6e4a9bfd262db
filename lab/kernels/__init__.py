"""Arithmetic on arrays and numbers: the only importer of numba."""

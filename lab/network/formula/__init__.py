"""Formulas in x and y: read, never executed; differentiated exactly; told in words; lowered a term at a time."""

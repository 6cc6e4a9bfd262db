"""Several runs beside each other: chips, lines, a table, views split by run."""

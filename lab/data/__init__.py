"""Data: where examples come from, how they are split and preprocessed, and the user's own files.

`source.py` says what every dataset answers, `datasets/` holds the built-in ones with their table, `files/`
the user's own; `prepare.py` turns a source, a preprocessing and a split into the three parts of the examples.
"""

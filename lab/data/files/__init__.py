"""The user's own data: a table as text, or two NumPy arrays. Read with care: a file may be anything."""

from lab.data.files.array_file import ArrayFile
from lab.data.files.table_file import TableFile

__all__ = ["ArrayFile", "TableFile"]

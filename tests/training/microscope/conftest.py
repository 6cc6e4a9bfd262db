"""The engine's tests share tests/oracle/machine.py and its drawn networks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "oracle"))

"""The tests here share machine.py, drawn.py and twins.py, also where they are run by themselves."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

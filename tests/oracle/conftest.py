"""The oracle's tests find machine.py and the other files beside them, also when they are run alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

"""The oracle's own modules (machine, drawn, twins), found also where its tests run alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

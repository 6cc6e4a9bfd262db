"""The microscope: how one number of the network comes about, and how the error flows back through it, line by line.

Pure functions of what the engine has answered to probes: a `Slide` is a moment of one example, a `Spot` one number on
it; `forward` and `backward` give lines with their real numbers, ready to be drawn.
"""

from lab.training.microscope.backward import arriving, backward, beside, choose, forward
from lab.training.microscope.functions import Curve
from lab.training.microscope.lines import (
    Backward,
    Choice,
    Forward,
    Line,
    Pane,
    Patches,
    Spot,
    Step,
    Sum,
    Token,
    bracketed,
    said,
    written,
)
from lab.training.microscope.progress import to_come
from lab.training.microscope.slide import Slide, start_of

__all__ = [
    "Backward",
    "Choice",
    "Curve",
    "Forward",
    "Line",
    "Pane",
    "Patches",
    "Slide",
    "Spot",
    "Step",
    "Sum",
    "Token",
    "arriving",
    "backward",
    "beside",
    "bracketed",
    "choose",
    "forward",
    "said",
    "start_of",
    "to_come",
    "written",
]

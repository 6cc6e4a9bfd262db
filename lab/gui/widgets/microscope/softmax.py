"""Softmax: the powers of all channels of a place, of which each is a share."""

from __future__ import annotations

from lab.gui.widgets.microscope.dense import SumFace
from lab.network.network import Facts


class SoftmaxFace(SumFace):
    """The table has exp(x − m) of each channel; the sum is what they are shares of."""

    title = "Powers of all channels"

    def heads(self, facts: Facts) -> tuple[str, str, str, str]:
        return ("channel", "exp", "", "exp(x − m)")

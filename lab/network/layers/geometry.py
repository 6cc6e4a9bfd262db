"""A window's way over an image: kernel, stride, padding and dilation, along each axis."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

import msgspec

from lab.network.layers.layer import Window, told_like
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import Pair, both, told

_From0 = Annotated[int, msgspec.Meta(ge=0, le=1024)]
_From1 = Annotated[int, msgspec.Meta(ge=1, le=1024)]

Kernel = Annotated[Pair[_From1], msgspec.Meta(description="Height and width of the window, in pixels")]
Stride = Annotated[
    Pair[_From1], msgspec.Meta(description="How many pixels the window moves at a time, down and across")
]
Padding = Annotated[
    Pair[_From0],
    msgspec.Meta(description="Rows of zeros added above and below, and columns on the left and right"),
]
PaddingOrWord = Annotated[
    Literal["valid", "same"] | Pair[_From0],
    msgspec.Meta(
        description="Rows of zeros added above and below, and columns on the left and right; valid is none, same "
        "as many as make the output as large as the input, or its part by the stride"
    ),
]
Dilation = Annotated[
    Pair[_From1],
    msgspec.Meta(description="How far apart the window's pixels lie: at 2 it leaves out every other one"),
]


def window_on(
    x: Shape, kernel: Pair[int], stride: Pair[int], padding: str | Pair[int], dilation: Pair[int] = 1
) -> Window:
    """The window that slides over x.

    "same" is TensorFlow's: ceil(extent / stride) outputs, and of the padding that they need the smaller half
    before the image. At stride 1 it is PyTorch's.
    """
    size = _spanned(kernel, dilation)
    if not isinstance(padding, str):
        before = both(padding)
    elif padding == "valid":
        before = (0, 0)
    else:
        needs = (
            (-(-extent // s) - 1) * s + k - extent
            for extent, s, k in zip((x.height, x.width), both(stride), size, strict=True)
        )
        top, left = (max(need, 0) // 2 for need in needs)
        before = (top, left)
    return Window(size, both(stride), before, both(dilation))


def slid(
    x: Shape,
    channels: int,
    kernel: Pair[int],
    stride: Pair[int],
    padding: str | Pair[int],
    dilation: Pair[int] = 1,
) -> Shape | Problem:
    """The shape that a window leaves when it slides over x.

    Along each axis floor((extent + 2 padding - (kernel - 1) dilation - 1) / stride) + 1; with padding "same"
    ceil(extent / stride).
    """
    down, across = both(stride)
    if padding == "same":
        return Shape(channels, -(-x.height // down), -(-x.width // across))
    added = 0 if isinstance(padding, str) else padding
    size, (top, left) = _spanned(kernel, dilation), both(added)
    rows, columns = x.height + 2 * top - size[0], x.width + 2 * left - size[1]
    if rows < 0 or columns < 0:
        return _does_not_fit(x, kernel, added, dilation)
    return Shape(channels, rows // down + 1, columns // across + 1)


def _spanned(kernel: Pair[int], dilation: Pair[int]) -> tuple[int, int]:
    (height, width), (down, across) = both(kernel), both(dilation)
    return (height - 1) * down + 1, (width - 1) * across + 1


def largest_kernel(x: Shape, padding: Pair[int], dilation: Pair[int] = 1) -> tuple[int, int]:
    """The height and width of the largest kernel that fits into x."""
    axes = zip((x.height, x.width), both(padding), both(dilation), strict=True)
    rows, columns = ((extent + 2 * added - 1) // apart + 1 for extent, added, apart in axes)
    return rows, columns


def least_padding(x: Shape, kernel: Pair[int], dilation: Pair[int] = 1) -> tuple[int, int]:
    """The rows and columns that must be added on each side for the kernel to fit into x."""
    axes = zip((x.height, x.width), _spanned(kernel, dilation), strict=True)
    rows, columns = (max(0, -(-(spanned - extent) // 2)) for extent, spanned in axes)
    return rows, columns


def _does_not_fit(x: Shape, kernel: Pair[int], padding: Pair[int], dilation: Pair[int]) -> Problem:
    size = _spanned(kernel, dilation)
    like = padding if isinstance(kernel, int) else kernel
    largest = told_like(like, largest_kernel(x, padding, dilation))
    least = told_like(like, least_padding(x, kernel, dilation), max)
    window = told(both(kernel)) + (
        f" window that spans {told(size)} pixels" if size != both(kernel) else " window"
    )
    return Problem(
        "",
        f"a {window} does not fit into the {x.height}×{x.width} input with padding {told(padding)}",
        f"Use a kernel of at most {largest} or a padding of at least {least}",
    )


class Columns(TypedDict):
    """The columns of a row that tell the kernel of a window's way."""

    KH: int
    KW: int
    SH: int
    SW: int
    PH: int
    PW: int
    DH: int
    DW: int


def columns(window: Window) -> Columns:
    (KH, KW), (SH, SW), (PH, PW), (DH, DW) = window.taps, window.stride, window.padding, window.dilation
    return Columns(KH=KH, KW=KW, SH=SH, SW=SW, PH=PH, PW=PW, DH=DH, DW=DW)

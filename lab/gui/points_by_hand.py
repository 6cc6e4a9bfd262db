"""Points of the plane set by hand: an edit of the experiment's data, from whatever view."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lab.data.datasets.points import Points, points_of
from lab.data.prepare import prepare
from lab.gui.document import Document
from lab.problem import ProblemError

Change = Callable[[Points], Points]


def edit_points(document: Document, change: Change, text: str, merge_key: str) -> None:
    """Let a hand change the points. Those of a generator become the document's own first; undo brings it back."""
    draft = document.draft
    try:
        prepared = prepare(draft.data, draft.preprocessing, draft.split, draft.seed)
    except ProblemError:
        return
    points = points_of(draft.data, prepared)
    if points is not None:
        document.edit(msgspec.structs.replace(draft, data=change(points)), text, merge_key or None)

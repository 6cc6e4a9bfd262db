"""What training of the draft takes in memory, as far as it is known without loading data."""

from __future__ import annotations

from lab.experiment.plan import plan
from lab.gui.document import Document


def examples(document: Document) -> int:
    """Training examples of the draft, where they are known; else as many as a batch wants."""
    draft, snapshot, prepared = document.draft, document.snapshot, document.prepared
    if snapshot is None or prepared is None:
        return draft.batch_size
    seen = snapshot.experiment
    same = (seen.data, seen.split, seen.seed) == (draft.data, draft.split, draft.seed)
    return len(prepared.training) if same else draft.batch_size


def working_memory(document: Document) -> int:
    """Bytes that training takes; the draft must be without problems."""
    return plan(document.draft, examples(document)).working(document.trainer.threads)

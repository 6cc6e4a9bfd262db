"""Lists to choose from whose entries change with what is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox


def fill(box: QComboBox, options: list[tuple[str, str]], chosen: str) -> None:
    """Let a list have these (key, words), of which one is chosen, without saying so."""
    box.blockSignals(True)
    if [box.itemData(k) for k in range(box.count())] != [key for key, _ in options]:
        box.clear()
        for key, words in options:
            box.addItem(words, key)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.blockSignals(False)

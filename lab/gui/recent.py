"""The documents that were open last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMenu

MOST = 10
KEY = "recent"


class Recent:
    """Ten paths in the settings, the newest first."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    @property
    def paths(self) -> tuple[Path, ...]:
        try:
            # as JSON: a list of one comes back from some formats of settings as its only element
            found = json.loads(str(self._settings.value(KEY, "[]", type=str)))
        except ValueError:
            return ()
        return (
            tuple(Path(path) for path in found if isinstance(path, str))[:MOST]
            if isinstance(found, list)
            else ()
        )

    def add(self, path: Path) -> None:
        path = path.absolute()
        self._keep((path, *(other for other in self.paths if other != path)))

    def clear(self) -> None:
        self._keep(())

    def _keep(self, paths: tuple[Path, ...]) -> None:
        self._settings.setValue(KEY, json.dumps([str(path) for path in paths[:MOST]]))

    def fill(self, menu: QMenu, open_file: Callable[[Path], object]) -> None:
        """One entry a file, under its name, with its folder where names would not tell; what is gone is grey."""
        menu.clear()
        menu.setToolTipsVisible(True)
        paths = self.paths
        names = [path.name for path in paths]
        for number, path in enumerate(paths, 1):
            folder = f"  —  {_short(path.parent)}" if names.count(path.name) > 1 else ""
            key = f"&{number % 10}  " if number <= 10 else ""
            action = menu.addAction(f"{key}{path.name}{folder}".replace("&&", "&"))
            action.setEnabled(path.exists())
            action.setToolTip(str(path) if action.isEnabled() else f"{path} is not there any more")
            action.triggered.connect(lambda _=False, path=path: open_file(path))
        if not paths:
            menu.addAction("Nothing yet").setEnabled(False)
        menu.addSeparator()
        clear = menu.addAction("Clear list")
        clear.setEnabled(bool(paths))
        clear.triggered.connect(lambda *_: self.clear())


def _short(folder: Path) -> str:
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)

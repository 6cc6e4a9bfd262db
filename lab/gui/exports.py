"""Everything that leaves the window as a file, and the weights that come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from lab.export.weights import Array, load_weights, save_weights
from lab.gui.document import Document
from lab.gui.views.view import View
from lab.problem import ProblemError

PICTURES = {"png": "PNG picture (*.png)", "svg": "SVG drawing (*.svg)", "pdf": "PDF page (*.pdf)"}
WEIGHTS = {"safetensors": "safetensors (*.safetensors)", "npz": "NumPy archive (*.npz)"}


def with_suffix(path: Path, kinds: dict[str, str], chosen: str) -> Path:
    """The path as typed if its ending is one of `kinds`, else with the ending of the filter `chosen`."""
    if path.suffix.lower().lstrip(".") in kinds:
        return path
    ending = next((kind for kind, words in kinds.items() if words == chosen), next(iter(kinds)))
    return path.with_name(f"{path.name}.{ending}")


class Exports(QObject):
    """Asks where to, writes, and says how it went. Each `..._to` does one job without asking."""

    done = Signal(str)  # a sentence
    failed = Signal(str)
    _saved = Signal(str)  # comes from the trainer's thread, goes to the window's

    def __init__(self, document: Document, window: QWidget, settings: QSettings) -> None:
        super().__init__(window)
        self._document, self._window, self._settings = document, window, settings
        self._saved.connect(self.done)

    # --- asking

    def ask_where(self, title: str, name: str, filters: str) -> tuple[Path, str] | None:
        """A file to be written, by a dialog that opens in the folder used last."""
        start = str(self._folder() / name)
        path, chosen = QFileDialog.getSaveFileName(self._window, title, start, filters)
        return self._remember(path, chosen)

    def ask_which(self, title: str, filters: str) -> Path | None:
        """A file to be read."""
        path, chosen = QFileDialog.getOpenFileName(self._window, title, str(self._folder()), filters)
        found = self._remember(path, chosen)
        return None if found is None else found[0]

    def _folder(self) -> Path:
        return Path(str(self._settings.value("folder", str(Path.home()), type=str)))

    def _remember(self, path: str, chosen: str) -> tuple[Path, str] | None:
        if not path:
            return None
        self._settings.setValue("folder", str(Path(path).parent))
        return Path(path), chosen

    # --- pictures and tables

    def ask_picture(self, view: View, kind: str = "png") -> None:
        order = {kind: PICTURES[kind], **PICTURES}
        where = self.ask_where(f"Save {view.title}", f"{view.name}.{kind}", ";;".join(order.values()))
        if where is not None:
            self.picture_to(view, with_suffix(where[0], PICTURES, where[1]))

    def picture_to(self, view: View, path: Path) -> None:
        from lab.gui import figures

        self._attempt(lambda: figures.save(view, path), path)

    def ask_table(self, view: View) -> None:
        where = self.ask_where(f"Save the data of {view.title}", f"{view.name}.csv", "Table (*.csv)")
        if where is not None:
            self.table_to(view, with_suffix(where[0], {"csv": "Table (*.csv)"}, where[1]))

    def table_to(self, view: View, path: Path) -> None:
        from lab.gui import figures

        self._attempt(lambda: figures.save_table(view.table(), path), path)

    def ask_window(self) -> None:
        where = self.ask_where("Save a picture of the window", "descent.png", PICTURES["png"])
        if where is not None:
            self.window_to(with_suffix(where[0], {"png": PICTURES["png"]}, where[1]))

    def window_to(self, path: Path) -> None:
        from lab.gui import figures

        self._attempt(lambda: figures.save(self._window, path), path)

    # --- weights

    def ask_weights(self) -> None:
        name = f"{self._document.draft.name}.safetensors".replace("/", "-")
        where = self.ask_where("Save the weights", name, ";;".join(WEIGHTS.values()))
        if where is not None:
            self.weights_to(with_suffix(where[0], WEIGHTS, where[1]))

    def weights_to(self, path: Path) -> None:
        """The trainer writes them, between two steps; a refusal comes as an event."""
        self._document.trainer.save_weights(
            lambda parameters: save_weights(parameters, path), lambda: self._saved.emit(f"Saved {path}")
        )

    def ask_weights_back(self) -> None:
        filters = "Weights (*.safetensors *.npz);;All files (*)"
        path = self.ask_which("Load weights", filters)
        if path is not None:
            self.weights_from(path)

    def weights_from(self, path: Path) -> None:
        """The trainer reads them, between two steps; a file that does not fit comes back as a refusal."""

        def read(now: dict[str, Array]) -> dict[str, Array]:
            weights = load_weights(path, {name: values.shape for name, values in now.items()})
            self._saved.emit(f"Loaded {path}")
            return weights

        self._document.runs.set_weights(read, f"Load {path.name}")

    def _attempt(self, write: Callable[[], None], path: Path) -> None:
        try:
            write()
        except ProblemError as error:
            self.failed.emit(str(error))
        except OSError as error:
            self.failed.emit(f"{path}: {error.strerror or error}. Choose another place.")
        else:
            self.done.emit(f"Saved {path}")

"""The system libraries that Qt and Numba load, and the Debian packages that hold them."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.doctor.check import Check, State, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

# soname -> the Debian package that holds it
OFFSCREEN = {
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
}
X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
OPENMP = {"libgomp.so.1": "libgomp1"}


def loads(soname: str) -> bool:
    """Whether the dynamic linker finds this library, all that it needs in turn included."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _libraries(name: str, table: Mapping[str, str], therefore: str, state: State = "missing") -> Check:
    lacking = {} if sys.platform != "linux" else {so: pkg for so, pkg in table.items() if not loads(so)}
    if not lacking:
        return Check(name, "ok", f"All {len(table)} are here." if len(table) > 1 else "It is here.")
    verb = "is" if len(lacking) == 1 else "are"
    says = f"{listed(list(lacking))} {verb} missing: {therefore}."
    return Check(name, state, says, packages=tuple(dict.fromkeys(lacking.values())))


def check_qt() -> Check:
    return _libraries("Qt's libraries", OFFSCREEN, "Qt does not load, so nothing can be drawn")


def check_window() -> Check:
    """What a real window needs beyond that; of X11 and Wayland, what the display at hand asks for."""
    only_wayland = "WAYLAND_DISPLAY" in os.environ and "DISPLAY" not in os.environ
    table = WAYLAND if only_wayland else X11
    return _libraries("Window's libraries", table, "no window opens, but pictures can be drawn")


def check_openmp() -> Check:
    return _libraries("OpenMP", OPENMP, "Numba shares work among threads less evenly", state="warning")


def check_fonts() -> Check:
    home = Path(os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser())
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / "fonts"]
    kinds = {".ttf", ".otf", ".ttc", ".pfb"}
    found = (path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in kinds)
    if sys.platform != "linux" or any(True for _ in found):
        return Check("Fonts", "ok", "There are fonts to write with.")
    says = "There is no font; every text in the window and in pictures would be empty boxes."
    return Check("Fonts", "missing", says, packages=("fonts-dejavu-core",))

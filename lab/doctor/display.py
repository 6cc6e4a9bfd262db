"""Whether there is a screen to open a window on."""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

from lab.doctor.check import Check


def _open(address: str | tuple[str, int]) -> socket.socket | None:
    """A connection to a local socket or to host and port, if one is to be had within a second."""
    line = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    line.settimeout(1)
    try:
        line.connect(address)
    except OSError:
        line.close()
        return None
    return line


def _cookies(number: int) -> list[bytes]:
    """The passwords for X display `number` in the person's Xauthority file, and none at all."""
    file = Path(os.environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
    found = []
    with suppress(OSError, struct.error), file.open("rb") as stream:
        while stream.read(2):  # the kind of address
            fields = [stream.read(*struct.unpack(">H", stream.read(2))) for _ in range(4)]
            _address, display, scheme, cookie = fields
            if display in (b"", b"%d" % number) and scheme == b"MIT-MAGIC-COOKIE-1":
                found.append(cookie)
    return [*dict.fromkeys(found), b""]


def _x11_answers(display: str) -> bool:
    """Whether an X server listens at `:0`, `unix:0.0` or `host:10.0` and lets this person in.

    Qt ends the process where it is refused, so it is worth asking first: the opening of X11's protocol is
    a fixed dozen of bytes, and 1 is the server's yes.
    """
    where = re.fullmatch(r"(?:.*/)?([^:/]*):(\d+)(?:\.\d+)?", display)
    if where is None:
        return False
    host, number = where.group(1), int(where.group(2))
    path = f"/tmp/.X11-unix/X{number}"
    places = ["\0" + path, path] if host in ("", "unix") else [(host, 6000 + number)]
    for cookie in _cookies(number):
        scheme = b"MIT-MAGIC-COOKIE-1" if cookie else b""
        opening = struct.pack("<cxHHHHxx", b"l", 11, 0, len(scheme), len(cookie))
        opening += b"".join(text + bytes(-len(text) % 4) for text in (scheme, cookie))
        line = next((line for line in map(_open, places) if line), None)
        if line is None:
            return False
        with suppress(OSError), line:
            line.sendall(opening)
            if line.recv(1) == b"\1":
                return True
    return False


def _wayland_answers(name: str) -> bool:
    line = _open(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), name))
    if line:
        line.close()
    return line is not None


def has_display() -> bool:
    """Whether there is a screen to open a window on, and it answers."""
    if sys.platform != "linux":
        return True
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    return bool((wayland and _wayland_answers(wayland)) or (x11 and _x11_answers(x11)))


def check_display() -> Check:
    if has_display():
        where = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "the desktop"
        return Check("Display", "ok", f"A screen answers at {where}.")
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    what = f"No screen answers at {named}" if named else "There is no screen (DISPLAY is not set)"
    return Check("Display", "warning", f"{what}: descent trains and draws into files instead of a window.")

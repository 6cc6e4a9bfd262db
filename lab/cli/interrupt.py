"""Ctrl-C that is heard even while the engine computes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130


@contextmanager
def second_interrupt_ends() -> Iterator[None]:
    """The first Ctrl-C is Python's KeyboardInterrupt, which waits until the engine's call returns: with a huge network
    for minutes. A second one ends the process at once. Files are written whole or not at all, so nothing is harmed.
    """
    if threading.current_thread() is not threading.main_thread():  # Python hears signals there alone
        yield
        return
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    before = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(ear,), name="interrupt", daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        mouth.close()
        listener.join()
        ear.close()


def _listen(ear: socket.socket) -> None:
    """Reads one byte, its number, for each signal, until the other end is closed."""
    heard = 0
    while number := ear.recv(1):
        heard += number[0] == signal.SIGINT
        if heard == 2:
            print("\ndescent: interrupted", file=sys.stderr, flush=True)
            os._exit(INTERRUPTED)

"""For all tests: no screen unless asked for, one thread for PyTorch; Qt's leftovers freed where they were made."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# PyTorch reads this when it is imported. Of two threads that are the first to call one of MKL's vector functions, one
# may be answered at low accuracy: tanh is off by 1e-4 then, once in a hundred processes (pytorch/pytorch#188792)
os.environ.setdefault("MKL_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def one_thread_for_pytorch() -> None:
    """Numba's threads are OpenMP's, as PyTorch's are: when it starts them, PyTorch has as many, against its own word.

    Its small sums then wait for each other: a test of half a second takes half a minute.
    """
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def collect_on_this_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """As in the window: a collection on a worker's thread would free Qt objects there, and abort.

    Only for tests of the window: a collection looks at everything that PyTorch and Numba have ever made.
    """
    if "qapp" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.freeze()  # what is there by now, modules mostly, need not be looked at again after each test
    gc.enable()

"""A stage for views."""

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.views.stage import Stage


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    return Stage(qtbot)

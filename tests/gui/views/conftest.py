"""A stage for views."""

import pytest
from pytestqt.qtbot import QtBot
from stage import Stage


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    return Stage(qtbot)

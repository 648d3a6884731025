"""A controller with three presets."""

from __future__ import annotations

import pytest
from tests.engine.control.looks import LIBRARY

from chromesthesia.control.controller import Controller
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree


@pytest.fixture
def tree() -> ParameterTree:
    return ParameterTree(PARAMETERS)


@pytest.fixture
def controller(tree: ParameterTree) -> Controller:
    return Controller(tree, LIBRARY)

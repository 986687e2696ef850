"""clients/python/generate.py, which is a script and no part of a package."""

import importlib.util
from typing import Any

from tests.ground import CHECKOUT

FOLDER = CHECKOUT / "clients" / "python"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("generate", FOLDER / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""The vendor's SDK, loaded when a test first asks it for something.

Its thousands of modules take seconds to import, in every process that collects tests.
"""

import importlib.util
import sys
from types import ModuleType

_NAME = "PureCloudPlatformClientV2"


def _lazily_loaded() -> ModuleType:
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    spec = importlib.util.find_spec(_NAME)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module


sdk = _lazily_loaded()

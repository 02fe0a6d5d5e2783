"""The vendor's SDK, imported when a test first asks it for something.

Its thousands of modules take seconds to import, and every process that runs tests collects all of them.
"""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def sdk() -> Any:
    """The package."""
    return import_module("PureCloudPlatformClientV2")

"""The embedded stack: every server Strongroom needs, from PyPI wheels, in child processes on free ports."""

"""View models: what a page shows, made of what the archive holds, as pure functions and frozen dataclasses."""

"""A stand-in for Genesys Cloud that behaves like it, faults included."""

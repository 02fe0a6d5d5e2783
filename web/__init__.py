"""The Legal desk: HTTP API and pages. A front door: it holds no rules."""

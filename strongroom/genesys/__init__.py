"""The source: what Strongroom reads from Genesys Cloud."""

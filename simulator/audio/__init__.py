"""Audio that plays, made on demand: each format is a size known beforehand and an iterator of chunks."""

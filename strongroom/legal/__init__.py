"""What Legal does with the archive, and who may: it composes the rooms below, and `pipeline`."""

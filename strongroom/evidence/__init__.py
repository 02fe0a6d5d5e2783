"""What proves the archive to somebody who doesn't trust it."""

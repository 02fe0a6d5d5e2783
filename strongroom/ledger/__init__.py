"""Postgres: what is known, what is due, who holds it."""

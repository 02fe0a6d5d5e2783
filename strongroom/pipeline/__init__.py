"""The steps of a day as plain functions."""

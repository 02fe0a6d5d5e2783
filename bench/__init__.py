"""Benches: each measures one thing against its baseline in the same run and writes `var/bench/NAME.json`."""

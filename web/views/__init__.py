"""What pages show, as plain values made from records."""

"""What the vault costs: a model by the prices of the tiers file, month by month."""

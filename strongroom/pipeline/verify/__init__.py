"""`strongroom verify`: the vault's own bytes held against the ledger, the manifests, the log and the witness."""

"""The ledger held against Anthropic's bill: ours and theirs by day, and what explains the rest."""

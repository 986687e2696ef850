"""What a tenant may spend in a month: how much is left, who is held, who is told."""

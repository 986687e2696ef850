"""What the pages read. Every road begins at a tenant, and none walks a whole table."""

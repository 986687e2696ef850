"""What stands behind the client."""

# Written by generate.py: `make schema` does it anew.

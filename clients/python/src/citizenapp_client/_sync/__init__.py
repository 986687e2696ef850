"""The client for programs that await."""

# Written by generate.py: `make schema` does it anew.

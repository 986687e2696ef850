"""What stands behind the client."""

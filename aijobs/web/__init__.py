"""People come in: pages and forms."""

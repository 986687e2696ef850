"""Browsers are told: PostgreSQL's notices go by the relay and a channel layer to open pages."""

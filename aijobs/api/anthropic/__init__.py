"""A door for programs that speak Anthropic's Message Batches API: /v1/messages/batches.

They point the official SDK at us, with a tenant's key: docs/anthropic-batches.md.
"""

"""Webhooks out: what a tenant wants to be told is sent to its endpoints, signed, at least once.

Triggers store what is to be told (`aijobs/sql/webhook_*.sql`); `deliver` sends it. In between lie
`outbox` (whose turn it is, what came of it), `bodies` (what is said), `addresses` (where nothing
is sent to), `signatures` and `sender` (how). `endpoints` has the rules for those who set them up.
"""

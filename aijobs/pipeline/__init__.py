"""The way a job travels, one file a stage, in running order.

A stage finds its work by status, moves it one step, and is harmless when run twice or by two
workers at once. No stage calls another: PostgreSQL is the only hand-off. Each that works on its
own time has `due(now)`, a cheap question, and `run(now)`.
"""

"""Local mode: PostgreSQL and Valkey from wheels, and the whole product in one terminal.

No Django in here: settings ask this package for addresses before Django exists.
"""

"""What local mode says when it cannot go on."""


class CannotRun(Exception):
    """Something about this machine or folder stands in the way; the message says what to do."""

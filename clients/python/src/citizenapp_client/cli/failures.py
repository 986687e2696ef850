"""How a command ends that did all it could."""


class JobsFailed(Exception):
    """Some jobs failed or were canceled, or a file was refused; it has been said which."""

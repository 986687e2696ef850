"""`python -m citizenapp.local.web`: daphne, which leaves the reading of forms to Django.

Twisted, which daphne stands on, parses each form that is posted for itself, into memory, and
uses none of it; a form that it cannot parse gets an empty 400 that no page and no API would give.
"""

from functools import partial

from daphne import http_protocol
from daphne.cli import CommandLineInterface

if __name__ == "__main__":
    http_protocol.WebRequest = partial(http_protocol.WebRequest, parsePOSTFormSubmission=False)
    CommandLineInterface.entrypoint()

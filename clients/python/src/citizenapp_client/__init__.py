"""CitizenApp from Python: document work through Claude at half the price.

    from citizenapp_client import Client

    with Client("https://citizenapp.example", "key") as client:
        upload = client.collections.upload("policies.csv", job_type="summarize")
        for state in upload.watch():
            print(state.counts)
        upload.results("summaries.xlsx")

AsyncClient has the same methods to be awaited.
"""

from citizenapp_client import models, problems, webhooks
from citizenapp_client._async.client import AsyncClient
from citizenapp_client._states import Text
from citizenapp_client._sync.client import Client
from citizenapp_client._version import __version__
from citizenapp_client.errors import (
    CitizenAppError,
    Problem,
    StillRunning,
    UnexpectedAnswer,
    Unreachable,
)
from citizenapp_client.retrying import Retries

__all__ = [
    "AsyncClient",
    "CitizenAppError",
    "Client",
    "Problem",
    "Retries",
    "StillRunning",
    "Text",
    "UnexpectedAnswer",
    "Unreachable",
    "__version__",
    "models",
    "problems",
    "webhooks",
]

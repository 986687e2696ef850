"""What this client calls itself, and which version of the API it speaks."""

from importlib.metadata import PackageNotFoundError, version

from citizenapp_client.models import API_VERSION

try:
    __version__ = version("citizenapp")
except PackageNotFoundError:  # Run from the checkout.
    __version__ = "0"
# Its models are those of one version, whatever the key is pinned to.
HEADERS = {"User-Agent": f"citizenapp-python/{__version__}", "CitizenApp-Version": API_VERSION}
if not API_VERSION:
    del HEADERS["CitizenApp-Version"]

"""What this client calls itself."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("citizenapp")
except PackageNotFoundError:  # Run from the checkout.
    __version__ = "0"
USER_AGENT = f"citizenapp-python/{__version__}"

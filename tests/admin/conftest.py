import pytest
from django.test import Client

from citizenapp.tenants.models import User


@pytest.fixture
def staff(db: None) -> Client:
    """A browser in which a superuser is signed in."""
    client = Client()
    root = User.objects.create_superuser("root", password="root")
    client.force_login(root, "django.contrib.auth.backends.ModelBackend")
    return client

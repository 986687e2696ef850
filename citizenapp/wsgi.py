"""HTTP in production: gunicorn serves this, daphne the WebSockets."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "citizenapp.settings")
application = get_wsgi_application()

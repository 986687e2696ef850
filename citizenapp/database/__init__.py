"""Django's PostgreSQL, with one question less a request, and statements that stay prepared."""

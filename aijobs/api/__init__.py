"""The REST API: a view translates, makes one domain call, and translates back."""

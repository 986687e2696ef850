"""How many rows another query finds: asked beside something else, in the same statement."""

from django.db.models import IntegerField, Subquery


class Counted(Subquery):
    """Give the query a limit where nobody needs to know how many more there are."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

"""Tell whoever shows a tenant's rows that they changed, where no job has moved that would."""

from django.db import connection


def look_again(tenant_id: int) -> None:
    """In the transaction of the change: pages and waiting requests of this tenant look again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT aijobs_notify(%s, NULL)", [tenant_id])

"""The figures of docs/whatif.md are what the command says of such a month."""

import re
import shlex
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from tests.docs.test_documents import read
from tests.factories import make_tenant

EXAMPLE = re.compile(r"```sh\npython manage\.py whatif (.*?)\n```\n\n```text\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(read("docs/whatif.md"))

# So many charges, each with tokens read and written, and what they cost at once in USD.
MONTH = [
    ("claude-sonnet-5-5", 50_000, 50_000, 2_000, "0.12"),
    ("claude-opus-5-5", 10_000, 40_000, 2_000, "0.2"),
]
CHARGE = """
INSERT INTO aijobs_ledgerentry
    (tenant_id, job_id, custom_id, job_type, route, model, priced_as, priced_on, input_tokens,
     output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cost_usd,
     sync_cost_usd, saved_usd, created_at)
SELECT %(tenant)s, gen_random_uuid(), %(model)s || '-' || i, 'analyze', 'sync', %(model)s,
       %(model)s, '2026-11-02', %(read)s, %(written)s, 0, 0, 0, %(cost)s, %(cost)s, 0,
       '2026-11-02T09:00:00Z'
FROM generate_series(1, %(count)s) AS i
"""


@pytest.mark.django_db
def test_the_examples_say_what_the_command_says() -> None:
    tenant = make_tenant()
    with connection.cursor() as cursor:
        for model, count, tokens, written, cost in MONTH:
            values: dict[str, str | int] = {"tenant": tenant.pk, "model": model, "count": count}
            cursor.execute(CHARGE, values | {"read": tokens, "written": written, "cost": cost})
    assert len(EXAMPLES) == 5
    for arguments, shown in EXAMPLES:
        told = StringIO()
        call_command("whatif", *shlex.split(arguments), stdout=told)
        assert told.getvalue() == shown, arguments

"""`make demo` against a running product: what it queues is what its tables name."""

from io import StringIO

from aijobs.management.commands.demo import Api, Command, Document
from tests.ground import Site

DOCUMENTS = [Document("attrs", "The MIT License."), Document("zlib", "Free of charge.")]


def test_its_tables_name_each_package_once_for_each_kind(live_site: Site) -> None:
    told = StringIO()
    demo = Command(stdout=told)
    api = Api(live_site.url, live_site.api_key)

    demo.report(api, demo.queue(api, DOCUMENTS))

    lines = told.getvalue().splitlines()
    for document in DOCUMENTS:
        assert sum(line.startswith(document.name) for line in lines) == 3
    assert any(line.startswith("Spent ") for line in lines)

"""Move each job's text from its input into a document of its own, a piece at a time."""

import hashlib

from django.db import migrations

PIECE = 1_000


def move(apps, schema_editor):
    inputs = apps.get_model("aijobs", "JobInput").objects.order_by("pk")
    documents = apps.get_model("aijobs", "JobDocument").objects
    piece = list(inputs[:PIECE])
    while piece:
        # What a run before has moved already is left as it is.
        documents.bulk_create(map(_document(documents.model), piece), ignore_conflicts=True)
        piece = list(inputs.filter(pk__gt=piece[-1].pk)[:PIECE])


def _document(model):
    def made(given):
        text = given.document.encode("utf-8", "surrogatepass")
        return model(
            job_id=given.pk,
            number=1,
            name=given.source_name,
            media_type="text/plain",
            text=given.document,
            characters=len(given.document),
            size=len(text),
            sha256=hashlib.sha256(text).digest(),
            read_as="text",
        )

    return made


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0005_documents")]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
    ]

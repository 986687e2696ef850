"""Which collections are to be canceled as a whole."""

from typing import ClassVar

from django.db import models


class Cancellation(models.Model):
    """All of a collection is to be canceled, also what comes back into the queue later.

    Somebody who asks again for one of its jobs takes that back: then there is no such row.
    """

    collection = models.OneToOneField("aijobs.Collection", models.CASCADE, primary_key=True)
    initiated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # sweep: the latest ones.
            models.Index(fields=["initiated_at"], name="cancellation_age"),
        ]

    def __str__(self) -> str:
        return f"cancellation of {self.collection_id}"

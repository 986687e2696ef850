"""What the API says of when something should be done."""

from datetime import datetime

from pydantic import BaseModel, Field


class Expectation(BaseModel):
    """Eight of ten are done between the two moments, by what others took."""

    eta_from: datetime | None = Field(
        description="When all of it should be done at the earliest; null where nobody can tell."
    )
    eta: datetime | None = Field(description="When all of it should be done at the latest.")
    late_reason: str | None = Field(
        description="What it waits for beside its turn, or why it takes longer than usual."
    )

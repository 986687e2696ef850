"""Images: nothing of them can be read here but how large they are."""

import io

import imagesize

from .content import Content, Limits, Refusal


def read(data: bytes, limits: Limits) -> Content:  # noqa: ARG001
    """Without text: it is sent as it is."""
    width, height = imagesize.get(io.BytesIO(data))
    if width <= 0 or height <= 0:
        raise Refusal("The image is damaged.")
    return Content("", missing=["an image holds no text that can be read"], pixels=(width, height))

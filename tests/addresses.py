"""Every address there is, taken from the URL conf, and what each may be asked."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """`path` has its variables in it: /jobs/<uuid:job_id>."""

    path: str
    pattern: URLPattern

    def __str__(self) -> str:
        return self.path

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def is_anthropic_s(self) -> bool:
        """Whether it is for programs that speak Anthropic's API."""
        return self.path.startswith("/v1/")

    @property
    def variables(self) -> list[str]:
        return _VARIABLE.findall(self.path)

    def filled(self, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
        """The address with each of the values that its variables may have."""
        for name in self.variables:
            assert name in values, f"Say what <{name}> of {self.path} may be."
        for chosen in product(*(values[name] for name in self.variables)):
            path = self.path
            for value in chosen:
                path = _VARIABLE.sub(value, path, count=1)
            yield path

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """JSON schemas of its query parameters: the API documents them, the page declares them."""
        if self.is_api:
            found = self.operations.get("get", {}).get("parameters", [])
            return {one["name"]: one["schema"] for one in found if one["in"] == "query"}
        view = getattr(self.pattern.callback, "cls", self.pattern.callback)
        declared = getattr(view, "parameters", None)
        return dict(declared.model_json_schema()["properties"]) if declared else {}

    @property
    def operations(self) -> dict[str, Any]:
        """What OpenAPI says of it, by method."""
        found: dict[str, Any] = openapi()["paths"].get(_VARIABLE.sub(r"{\1}", self.path), {})
        return found


@cache
def openapi() -> Any:
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True)))  # type: ignore[no-untyped-call]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        else:
            yield Address(path, pattern)


ADDRESSES = list(_walk(get_resolver(), "/"))
# Staff see all tenants.
OF_TENANTS = [one for one in ADDRESSES if not one.path.startswith("/admin/")]


def queries(values: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """No parameter, each value of each, and each pair of two parameters.

    A pair is asked once, with values that change from pair to pair: what is left out by a filter
    depends on the filters, seldom on their values. `TORTURE=1` asks each pair of values.
    """
    single = [[(name, value) for value in of_name] for name, of_name in values.items()]
    yield {}
    yield from (dict([one]) for of_name in single for one in of_name)
    for turn, (first, second) in enumerate(combinations(single, 2)):
        if "TORTURE" in os.environ:
            yield from (dict(pair) for pair in product(first, second))
        else:
            yield dict([first[turn % len(first)], second[turn % len(second)]])

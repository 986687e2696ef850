"""A workspace after some weeks: its people, keys, webhooks, views, tags and comments.

Filled by the forms of the pages, as a person would; what no form makes is written by SQL.
"""

import re
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.ground import Site
from tests.pictures.papers import CATEGORIES

Fields = dict[str, object]
LONGEST_NAME = "Maximiliane-Charlotte von Hohenberg-Schwarzenfels zu Altdorf"
COLLEAGUES = [
    ("Ines Moreau", "admin"), ("Tomasz Nowak", "member"), ("Aoife Byrne", "member"),
    ("Lukas Frei", "viewer"), (LONGEST_NAME, "member"), ("נועה לוי", "member"),
    *((f"{first} {last}", "viewer" if last == "Lund" else "member")
      for first in ("Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo")
      for last in ("Costa", "Frei", "Keller", "Lund", "Meyer", "Rossi", "Weber")),
]  # fmt: skip
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
}
# Nobody listens there: what is told it is kept, and tried again.
NOBODY = "http://127.0.0.1:9/hooks/citizenapp"


class Visitor:
    """Somebody with a browser that has no screen: it follows forms and keeps cookies."""

    def __init__(self, site: Site, name: str) -> None:
        self._url, self._cookies = site.url, CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))
        self.get("/sign-in")
        self.post("/sign-in", {"username": name, "password": name})

    def get(self, path: str) -> str:
        """The page."""
        request = Request(self._url + path, headers=BROWSER)
        with self._opener.open(request, timeout=60) as response:
            return str(response.read().decode())

    def post(self, path: str, fields: Fields) -> str:
        """Where the form led to. Raises AssertionError where it was refused."""
        token = next(one.value for one in self._cookies if one.name == "csrftoken")
        body = urlencode({"csrfmiddlewaretoken": token} | fields, doseq=True).encode()
        request = Request(
            self._url + path, data=body, headers={"Referer": self._url + path, **BROWSER}
        )
        try:
            with self._opener.open(request, timeout=60) as response:
                return str(response.url).removeprefix(self._url)
        except HTTPError as refusal:
            raise AssertionError(f"{path}: {refusal} {refusal.read().decode()}") from refusal


def fill(site: Site, jobs: dict[str, str]) -> dict[str, str]:
    """Names and addresses of what was made."""
    _colleagues(site)
    visitor = Visitor(site, "demo")
    visitor.post(
        "/settings/people/invitations",
        {"emails": "eva@example.com, jan@example.com", "role": "member", "days": 7},
    )
    for name, role in [("Claims import", "member"), ("Figures for the board", "viewer")]:
        visitor.post("/settings/keys", {"name": name, "role": role, "expires": "90"})
        keys = visitor.get("/settings/keys")
    visitor.post(
        "/settings/categories/new",
        {"name": "Lines of business", "categories": "\n".join(CATEGORIES)},
    )
    visitor.post(
        "/settings/budget", {"budget_usd": "60", "limit_usd": "120", "time_zone": "Europe/Zurich"}
    )
    for name, query in [("High risks", "job_type=analyze"), ("Motor claims, not read", "q=motor")]:
        visitor.post("/views/", {"name": name, "list": query, "shared": "on"})
    for name in ("To be renewed", "Broker Zürich"):
        visitor.post(f"/jobs/{jobs['analysis']}/tags", {"add": name})
    visitor.post(
        f"/jobs/{jobs['analysis']}/comments",
        {"text": "The excess for bicycles is new. I have asked the broker whether it is meant."},
    )
    hook = visitor.post(
        "/settings/webhooks",
        {"url": NOBODY, "description": "Claims system", "events": ["job.failed"]},
    )
    quote = visitor.post(
        "/jobs/new",
        {
            "job_type": "classify", "text": "My car was stolen from the car park of the station.",
            "classify-categories": "\n".join(CATEGORIES), "urgency": "later", "price": 1,
        },
    )  # fmt: skip
    [roll, *_] = re.findall(r'"(/settings/keys/[^"]+/roll)"', keys)
    tagged = visitor.post(
        "/jobs/selection", {"do": "tag", "tag": "October", "list": "q=parquet", "all": 1, "sure": 1}
    )
    _operations(site)
    return {
        "webhook": hook,
        "quote": quote,
        "key-roll": roll,
        "operation": tagged,
        "job-correct": f"/jobs/{jobs['analysis']}/correction",
    }


def _colleagues(site: Site) -> None:
    with site.database() as database:
        for number, (name, role) in enumerate(COLLEAGUES):
            email = f"person-{number}@example.com"
            database.execute(
                """
                WITH person AS (
                    INSERT INTO tenants_user (
                        username, email, password, first_name, last_name, date_joined,
                        is_active, is_staff, is_superuser
                    ) VALUES (%s, %s, '', %s, '', now(), TRUE, FALSE, FALSE) RETURNING id
                )
                INSERT INTO tenants_membership (user_id, tenant_id, role, created_at)
                SELECT person.id, tenant.id, %s, now() - %s * interval '1 day'
                FROM person, tenants_tenant AS tenant WHERE tenant.slug = 'demo'
                """,
                (email, email, name, role, number),
            )


def _operations(site: Site) -> None:
    """One that is under way for as long as anybody looks, and one that was given up."""
    with site.database() as database:
        for kind, status, done, ended in [
            ("erase", "running", 3_200, None),
            ("retry", "failed", 180, "now"),
        ]:
            database.execute(
                """
                INSERT INTO aijobs_operation (
                    id, tenant_id, kind, status, tag, total, done, changed, skipped, created_by,
                    created_at, ended_at, look_at, attempts
                )
                SELECT gen_random_uuid(), id, %s, %s, '', 10000, %s, %s, '{}', 'demo',
                    now() - interval '3 minutes', %s::timestamptz, now() + interval '1 day', 0
                FROM tenants_tenant WHERE slug = 'demo'
                """,
                (kind, status, done, done, ended),
            )

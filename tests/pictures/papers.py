"""Letters and policies of an insurer, such as its people queue them."""

from collections.abc import Iterator
from random import Random

CATEGORIES = ["Motor", "Home", "Travel", "Liability", "Health"]

_CLAIMS = {
    "Motor": [
        "Hail dented the roof and the bonnet of my car on the motorway.",
        "Another driver backed into my parked car and drove away.",
        "The windscreen of my van cracked after a stone hit it.",
        "My car was stolen from the car park of the station.",
    ],
    "Home": [
        "A pipe burst in the kitchen of our home; the parquet is ruined.",
        "Burglars broke the cellar window of our home and took two bicycles.",
        "Lightning struck the home, and the heating no longer starts.",
        "A storm took tiles off the roof of our home, and rain came in.",
    ],
    "Travel": [
        "Our flight home was canceled, and we paid for two more nights of travel.",
        "My suitcase never arrived on our travel to Lisbon.",
        "I fell ill on the second day of the travel and had to see a doctor.",
    ],
    "Liability": [
        "My dog ran into a cyclist, and he claims liability for his broken arm.",
        "Our son broke a shop window with a ball; the owner speaks of liability.",
    ],
    "Health": [
        "The physiotherapy after my health treatment took twelve sessions.",
        "The dentist's health invoice for the crown is attached.",
    ],
}
_PLACES = ["Zürich", "Lyon", "Kraków", "Leeds", "Porto", "Malmö", "Graz", "Cork", "Turin", "Gent"]
_NAMES = ["Ines Moreau", "Tomasz Nowak", "Aoife Byrne", "Lukas Frei", "Sofia Costa", "Erik Lund"]


def claims(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Pairs of a reference and a letter."""
    random = Random(seed)
    for number in range(count):
        kind = random.choice(list(_CLAIMS))
        letter = (
            f"{random.choice(_CLAIMS[kind])} It happened in {random.choice(_PLACES)} on "
            f"{random.randint(1, 28)} October. The repair is estimated at EUR "
            f"{random.randint(2, 90) * 50:,}. Please tell me what you need from me. "
            f"{random.choice(_NAMES)}"
        )
        yield f"C-{2_000 + number}", letter


def policies(count: int, seed: int = 2) -> Iterator[tuple[str, str]]:
    """Pairs of a reference and a policy of about a page."""
    random = Random(seed)
    for number in range(count):
        limit, days = random.randint(5, 60) * 1_000, random.choice([3, 7, 14, 30])
        yield (
            f"POL-{4_700 + number}",
            f"""HOUSEHOLD INSURANCE {4_700 + number}

1. What is insured
The contents of the home at {random.choice(_PLACES)} are insured at their value as new, up to
EUR {limit:,}. Bicycles are insured up to EUR {random.randint(1, 4) * 500:,} each, if they were
locked.

2. Against what
Fire, lightning and explosion. Escape of water from pipes. Storm from wind force 8 on, and hail.
Theft without a break-in is not insured.

3. What the insured must do
The insured must report damage within {days} days. The insured must lock windows and doors when
nobody is at home. The insured must keep receipts of what is worth more than EUR 1,000.

4. When nothing is paid
The insurer may refuse payment if damage is reported late. Damage by war, earthquake and nuclear
energy is excluded. The policy ends without notice if two premiums are unpaid.
""",
        )


_KINDS = {
    "Household": "The contents of the home at {place} are insured at their value as new, up to "
    "EUR {limit:,}.",
    "Motor": "The car that is kept at {place} is insured against accidents, up to EUR {limit:,}.",
    "Travel": "Journeys that begin in {place} are insured: luggage and treatment abroad, up to "
    "EUR {limit:,}.",
    "Boat": "The boat that lies at {place} is insured on inland waters, up to EUR {limit:,}.",
}
# What a reader has to see, and how often it is there: in one policy of eight, for example.
_RISKY = {
    "The insurer may terminate this policy at any time if a premium is late.": 8,
    "The insured shall forfeit every claim if the keys were left in an unlocked room.": 9,
    "The insured must pay a penalty of one premium if the policy is canceled early.": 10,
}
_USUAL = {
    "The insurer may refuse payment if damage is reported late.": 2,
    "The insurer is not liable for damage by flood, war or earthquake.": 2,
}


def portfolio(count: int, seed: int = 7) -> Iterator[tuple[str, str]]:
    """Pairs of a file name and a policy: few are risky for the insured, and some not at all."""
    random = Random(seed)
    for number in range(count):
        kind = random.choice(list(_KINDS))
        limit, days = random.randint(5, 60) * 1_000, random.choice([3, 7, 14, 30])
        said = _KINDS[kind].format(place=random.choice(_PLACES), limit=limit)
        clauses = [
            clause for clause, one_of in (_RISKY | _USUAL).items() if random.randrange(one_of) == 0
        ]
        yield (
            f"{kind}-{4_700 + number}.txt",
            f"""{kind.upper()} INSURANCE {4_700 + number}
Policyholder: {random.choice(_NAMES)}

1. What is insured.
{said} What is worth more than EUR 2,000 is insured if it stands in the list of the policyholder.

2. What the policyholder must do.
The policyholder must report an accident within {days} days. The policyholder must keep receipts.
The policyholder must tell the insurer of a new address within a month.

3. What else is agreed.
{" ".join(clauses) or "Nothing else."}

4. Premium.
The premium is EUR {random.randint(8, 90) * 10} a year, and is due on the first day of January.
""",
        )

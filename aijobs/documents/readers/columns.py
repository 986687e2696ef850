"""Which column of a table holds which field, guessed by its heading."""

import re
import unicodedata
from collections.abc import Collection, Sequence

# By field; in the order of how well they fit. Folded: no case, no spaces, no punctuation.
_SYNONYMS = {
    "text": """
        text documenttext document content body fulltext contenttext message wording description
        details policytext policywording contracttext claimtext clauses clause transcript comment
        statement narrative passage article email mail letter note notes
        dokumenttext dokument inhalt wortlaut volltext nachricht beschreibung schilderung
        textderpolice policentext policetext vertragstext schadentext schadenschilderung
        schadenbeschreibung sachverhalt klausel brief bemerkung kommentar
        texte contenu texto contenido testo contenuto tekst inhoud""",
    "reference": """
        reference ref referenceno referencenumber refno id key number no policyno policynumber
        policyid claimno claimnumber claimid contractno contractnumber contractid caseno casenumber
        caseid fileno filenumber documentid documentno documentnumber invoiceno invoicenumber
        customerno customernumber recordid rowid itemid externalid uid uuid code
        referenz referenznummer nummer nr lfdnr laufendenummer kennung schluessel aktenzeichen az
        geschaeftszeichen zeichen vertragsnummer vertragsnr vertragnr policennummer policennr
        policenummer policenr versicherungsscheinnummer versicherungsscheinnr versicherungsnummer
        schadennummer schadennr schadensnummer fallnummer vorgangsnummer vorgang belegnummer
        rechnungsnummer kundennummer dokumentnummer
        reference numero numeroderef referencia riferimento referentie nummero""",
    "categories": "categories labels classes choices options tags kategorien klassen auswahl",
    "questions": "questions question fragen frage",
    "language": "language lang sprache langue idioma lingua taal",
    "max_length": "maxlength maximumlength maxwords length laenge maximallaenge hoechstlaenge",
}
# Field names that mean the same field.
_SAME = {"document_text": "text", "policy_text": "text"}


def guess_columns(header: Sequence[str], fields: Collection[str]) -> dict[str, str]:
    """The header of each field that can be told: {field: header as written}.

    A heading that is the field's name wins, then one that differs in case, spaces and punctuation
    only, then the field's usual names in English and German. No heading is used twice; of equally
    good ones the first is taken.
    """
    wanted = list(dict.fromkeys(fields))
    guessed: dict[str, str] = {}
    left = list(dict.fromkeys(header))
    for way in (_exactly, _loosely, _by_meaning):
        for field in wanted:
            if field not in guessed and (found := way(field, left)) is not None:
                guessed[field] = found
                left.remove(found)
    return {field: guessed[field] for field in wanted if field in guessed}


def folded(name: str) -> str:
    """A heading without its case, accents, spaces and punctuation: "Policy No." is "policyno"."""
    name = name.casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("#", "no"), ("№", "no")):
        name = name.replace(umlaut, letters)
    apart = unicodedata.normalize("NFKD", name)
    return re.sub(r"[\W_]+", "", apart.casefold())


def _exactly(field: str, header: list[str]) -> str | None:
    return field if field in header else None


def _loosely(field: str, header: list[str]) -> str | None:
    wanted = folded(field)
    return next((name for name in header if wanted and folded(name) == wanted), None)


def _by_meaning(field: str, header: list[str]) -> str | None:
    names = _SYNONYMS.get(_SAME.get(field, field), "").split()
    by_fold: dict[str, str] = {}
    for name in header:
        by_fold.setdefault(folded(name), name)
    return next((by_fold[name] for name in names if name in by_fold), None)

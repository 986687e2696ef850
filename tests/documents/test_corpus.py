"""What a person reads in the files of the corpus is read, or the file is sent as it is."""

import pytest

from tests.documents.case import CASES, Case, missing_in, read, wrong_in
from tests.documents.corpus import CORPUS


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.file)
def test_it_is_read_whole_or_sent_as_it_is_or_refused_by_name(case: Case) -> None:
    found = read(case)
    if case.refusal:
        assert case.refusal in found.refusal
        return
    assert (found.refusal, found.is_sent) == ("", case.is_sent)
    wrong = [] if found.is_sent else wrong_in(case, found.text)
    # What is known to go wrong is named, so that it is seen when it no longer does.
    assert sorted([*missing_in(case, found.text), *wrong]) == sorted(case.known)


def test_each_case_is_there_once() -> None:
    files = [case.file for case in CORPUS]
    assert len(files) == len(set(files))
    assert all((CASES / file).is_file() for file in files)

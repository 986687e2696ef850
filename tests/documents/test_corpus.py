"""What a person reads in the files of the corpus is read, or the file is sent as it is."""

import pytest

from aijobs.documents import UnreadableDocument
from tests.documents.__main__ import found_in_order, wrong_in
from tests.documents.corpus import CASES, CORPUS, Case
from tests.documents.reading import read_document


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.file)
def test_it_is_read_whole_or_sent_as_it_is_or_refused_by_name(case: Case) -> None:
    data = (CASES / case.file).read_bytes()
    if case.is_refused:
        with pytest.raises(UnreadableDocument, match="can be read"):
            read_document(data, case.file)
        return
    read = read_document(data, case.file)
    if not read.is_sent_as_file:
        assert wrong_in(case, read) == 0
    assert found_in_order(case, read) == len(case.wanted)

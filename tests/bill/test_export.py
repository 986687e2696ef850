"""An export of the console is read by the names of its columns, or refused by what is missing."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aijobs.bill import export
from aijobs.bill.lines import Key, key_of

# The columns that the console exports, in its order.
USAGE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
)
COST = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed\n"
)
DAY = date(2026, 11, 25)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode())
    return path


def test_usage_is_read_in_tokens_by_model_and_tier(tmp_path: Path) -> None:
    bill = export.read(
        written(
            tmp_path,
            USAGE + '2026-11-25,claude-haiku-5-5,a key,"Acme, Inc",batch,≤ 200k,'
            "1000,50,60,70,200,0,global,\n"
            "2026-11-25,claude-haiku-5-5,another,Default,batch,≤ 200k,1,0,0,0,2,0,global,\n"
            "2026-11-24,claude-haiku-4-5-20251001,a key,Default,standard,≤ 200k,"
            '"1,234",0,0,0,5,0,global,\n\n',
        )
    )
    haiku = "claude-haiku-5-5"
    assert {key: said.tokens for key, said in bill.days[DAY].items()} == {
        Key(haiku, "input_tokens", "batch"): 1_001,
        Key(haiku, "output_tokens", "batch"): 202,
        Key(haiku, "cache_read_input_tokens", "batch"): 70,
        Key(haiku, "cache_write_5m_tokens", "batch"): 50,
        Key(haiku, "cache_write_1h_tokens", "batch"): 60,
    }
    before = bill.days[date(2026, 11, 24)]
    assert before[Key("claude-haiku-4-5", "input_tokens", "standard")].tokens == 1_234
    assert (bill.tells_tokens, bill.tells_usd) == (True, False)
    assert bill.covers(date(2026, 11, 24), DAY)
    assert not bill.covers(DAY, date(2026, 11, 26))


def test_costs_are_read_in_usd_with_names_for_people(tmp_path: Path) -> None:
    bill = export.read(
        written(
            tmp_path,
            "\ufeff" + COST + "2026-11-25,Claude Haiku 5.5,Default,key,batch,≤ 200k,"
            "input_no_cache,0.25,0.50,token,global,\n"
            "2026-11-25,Claude Haiku 5.5,Default,other,batch,,input_no_cache,$1.50,3,token,,\n"
            "2026-11-25,,Default,key,message,,,0.10,0.10,web_search,global,\n",
        )
    )
    said = bill.days[DAY]
    line = said[Key("claude-haiku-5-5", "input_tokens", "batch")]
    # Each row may have lost half a cent.
    assert (line.usd, line.slack_usd) == (Decimal("1.75"), Decimal("0.01"))
    assert said[Key("unknown", "other", "standard")].usd == Decimal("0.10")
    assert (bill.tells_tokens, bill.tells_usd) == (False, True)


def test_a_name_that_no_database_can_hold_becomes_one_that_it_can() -> None:
    assert key_of("a\0b\ud800", "input_tokens", None).model == "ab?"
    assert key_of(None, "other", None).model == "unknown"


def test_other_names_and_an_order_of_ones_own_do(tmp_path: Path) -> None:
    bill = export.read(
        written(tmp_path, "Output Tokens,Date,Model,Input Tokens\n7,2026-11-25,claude-opus-5-5,9\n")
    )
    assert {key.kind: said.tokens for key, said in bill.days[DAY].items()} == {
        "input_tokens": 9,
        "output_tokens": 7,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "usage_date_utc, model_version"),
        ("date,model\n2026-11-25,claude-opus-5-5\n", "usage_input_tokens_no_cache and"),
        (USAGE.replace("usage_output_tokens", "out"), "missing: usage_output_tokens (usage)"),
        (COST.replace("token_type", "kind"), "cost_usd and token_type"),
        (USAGE, "no line"),
        (USAGE + "25.11.2026,m,k,w,batch,,1,0,0,0,2,0,,\n", "Line 2"),
        (USAGE + "2026-11-25,m,k,w,batch,,many,0,0,0,2,0,,\n", "Line 2"),
        (USAGE + "2026-11-25,m\n", "Line 2"),
    ],
)
def test_what_is_no_export_is_refused_by_what_is_missing(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(export.NoExport) as refused:
        export.read(written(tmp_path, text))
    assert words in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(export.NoExport, match="UTF-8"):
        export.read(path)

"""Which views a sweep reckons once: those that several rules stand on, with the columns they name."""

from __future__ import annotations

from beforehand.lookahead.engines.shape import Shape, shape_of
from beforehand.lookahead.engines.shared_views import is_filter, shared_views


def _asks(view: str, columns: str) -> Shape:
    return shape_of(f"select patient_id, {columns} from {view}")


def test_a_view_is_shared_from_the_third_rule_on() -> None:
    twice = [_asks("money_case", "subject"), _asks("money_case", "code")]
    assert "money_case" not in shared_views(twice)
    found = shared_views([*twice, _asks("money_case", "subject")])
    assert found["money_case"].columns == ("patient_id", "code", "subject")


def test_what_lies_below_a_shared_view_is_asked_once_for_it() -> None:
    found = shared_views([_asks("money_case", "subject")] * 3)
    assert "bill_statement" not in found
    assert "bill_statement" in shared_views(
        [*[_asks("money_case", "subject")] * 3, *[_asks("bill_statement", "bill_id")] * 2]
    )


def test_a_shared_view_serves_only_whom_it_has_the_columns_for() -> None:
    shared = shared_views([_asks("money_case", "subject")] * 3)["money_case"]
    assert shared.serves(_asks("money_case", "subject"))
    assert not shared.serves(_asks("money_case", "paid_cents"))


def test_leaving_rows_out_is_a_filter_and_ranking_is_not() -> None:
    assert is_filter("final_result")
    assert not is_filter("plan_statement")
    assert not is_filter("done_test")

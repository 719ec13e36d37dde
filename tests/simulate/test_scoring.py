"""What counts as found, as early and as so: on truth and lists written by hand."""

from datetime import date, timedelta

from beforehand.doors.cli.simulate.about import ABOUT, Said, Seen, matches
from beforehand.doors.cli.simulate.score import Ledger, allowed, counted, precision, summary
from beforehand.world.build import build
from beforehand.world.truth import Affair

DAY = date(2026, 3, 2)
FILL, ORDER = ("corner-pharmacy", "MedicationDispense/p1-7"), ("park-primary-care", "MedicationRequest/p1-3")


def affair(
    number: int = 0, kind: str = "lost_refill", look_alike: str = "", known: int = 0, strikes: int = 20
) -> Affair:
    made = Affair(number, 1, kind, not look_alike, "apixaban runs out", look_alike)
    made.pages = {FILL}
    made.names = {"apixaban"}
    made.known_on = DAY + timedelta(days=known)
    made.strikes = made.deadline = DAY + timedelta(days=strikes)
    return made


def need(topic: str = "medicines", words: str = "Did she get apixaban refilled?", *pages: tuple[str, str]) -> Seen:
    return Seen(9, 1, "medicine_runs_out", (Said(topic, "medicine_runs_out", words, frozenset(pages or {FILL})),))


def test_a_row_is_about_a_bump_by_person_topic_words_and_what_it_rests_on() -> None:
    bump = affair()
    assert matches(need(), [bump]) == [bump]
    assert matches(need("bills"), [bump]) == []
    assert matches(need("medicines", "Is apixaban what she takes?"), [bump]) == []
    assert matches(need("medicines", "Did she get apixaban refilled?", ORDER), [bump]) == []
    assert matches(Seen(9, 2, "medicine_runs_out", need().said), [bump]) == []


def test_a_look_alike_does_not_count_where_an_open_bump_stands_beside_it() -> None:
    bump, look_alike = affair(0), affair(1, look_alike="filled elsewhere")
    assert matches(need(), [look_alike, bump]) == [bump]
    bump.settled_on = DAY
    assert matches(need(), [look_alike, bump]) == [look_alike, bump]


def test_found_counts_from_the_first_morning_up_to_the_day_it_strikes() -> None:
    ledger, bump = Ledger(), affair(strikes=20)
    ledger.note(DAY + timedelta(days=13), {9: need()}, {1: [bump]}, ())
    ledger.note(DAY + timedelta(days=14), {9: need()}, {1: [bump]}, ())
    outcome = summary([bump], ledger.first_seen)
    assert (outcome["recall"], outcome["lead_days_median"]) == (1.0, 7)
    late = Ledger()
    late.note(DAY + timedelta(days=21), {9: need()}, {1: [bump]}, ())
    assert summary([bump], late.first_seen)["recall"] == 0.0


def test_a_row_is_so_while_the_bump_is_open_and_false_for_a_look_alike_or_nothing() -> None:
    def verdict(seen: Seen, *affairs: Affair, behind: tuple[tuple[int, str], ...] = ()) -> str:
        ledger = Ledger()
        ledger.note(DAY + timedelta(days=5), {9: seen}, {1: list(affairs)}, behind)
        return ledger.appearances[0].verdict

    settled = affair()
    settled.settled_on = DAY + timedelta(days=2)
    assert verdict(need(), affair()) == "right"
    assert verdict(need(), affair(look_alike="stopped")) == "look-alike"
    assert verdict(need()) == "nothing behind it"
    assert verdict(need(), settled) == "after it was settled"
    assert verdict(need(), behind=((1, "MedicationDispense"),)) == "late news"
    assert verdict(need(), behind=((1, "Invoice"), (2, "MedicationDispense"))) == "nothing behind it"


def test_a_need_that_stays_is_judged_once_and_one_that_comes_back_again() -> None:
    ledger, bump = Ledger(), affair()
    for offset, seen in enumerate([{9: need()}, {9: need()}, {}, {9: need()}]):
        ledger.note(DAY + timedelta(days=offset), seen, {1: [bump]}, ())
    found = precision(ledger.appearances)
    assert (found["needs"], found["right"], found["precision"], found["by_verdict"]) == (2, 2, 1.0, {"right": 2})


def test_late_news_is_left_out_of_precision_and_counted() -> None:
    ledger = Ledger()
    ledger.note(DAY, {9: need()}, {1: []}, ((1, "MedicationDispense"),))
    ledger.note(DAY, {10: need()}, {1: [affair()]}, ())
    assert precision(ledger.appearances)["precision"] == 1.0
    assert precision(ledger.appearances)["precision_with_late_news"] == 0.5
    assert precision(ledger.appearances)["by_verdict"] == {"late news": 1, "right": 1}


def test_only_bumps_that_the_record_foretells_and_that_strike_in_the_time_are_counted() -> None:
    end = DAY + timedelta(days=30)
    fine, too_late, unforeseen, look_alike = (
        affair(0), affair(1, strikes=40), affair(2, known=20), affair(3, look_alike="stopped"),
    )  # fmt: skip
    assert counted([fine, too_late, unforeseen, look_alike], end) == [fine]
    assert allowed(fine) == 19


def test_closed_in_time_means_before_it_strikes() -> None:
    in_time, on_the_day = affair(0), affair(1)
    in_time.settled_on = DAY + timedelta(days=19)
    on_the_day.settled_on = DAY + timedelta(days=20)
    assert summary([in_time, on_the_day], {})["share_closed_in_time"] == 0.5


def test_every_kind_of_the_world_can_be_recognised_on_the_list() -> None:
    world = build(seed=3, patients=80, length=365, start=date(2026, 1, 5))
    for offset in range(world.length):
        world.pass_day(world.start + timedelta(days=offset))
    assert {one.kind for one in world.affairs} <= set(ABOUT)

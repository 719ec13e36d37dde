"""A list as it stands: each medicine once, with three different facts."""

from beforehand.care.medicines.lines import FILLED, LISTED, PRESCRIBED, SAID
from tests.unit.medicines.world import APIXABAN, METOPROLOL_25, METOPROLOL_50, House, ann, fill, order, word


def test_slow_release_is_another_medicine_than_the_plain_one(house: House) -> None:
    slow = order("slow", METOPROLOL_50, authored=-1)
    slow["medicationCodeableConcept"] = {"text": "24 HR Metoprolol Succinate 50 MG Extended Release Oral Tablet"}
    house.bring("clinic", ann(), slow)
    assert len([line for line in house.list().current if "50 MG" in line.name]) == 2


def test_name_in_words_joins_the_coded_one_of_the_same_ingredient_and_strength(house: House) -> None:
    typed = order("typed", APIXABAN, authored=-1) | {"medicationCodeableConcept": {"text": "apixaban 5mg tablet"}}
    house.bring("clinic", ann(), typed)
    assert len([line for line in house.list().current if "pixaban" in line.name]) == 1


def test_filled_prescribed_and_said_are_three_facts(house: House) -> None:
    apixaban = house.line("Apixaban")
    filled, prescribed = apixaban.last(FILLED), apixaban.last(PRESCRIBED)
    assert filled and prescribed
    assert (filled.source, prescribed.source) == ("Pharmacy", "Hospital")
    assert filled.words == "60 tablets, for 30 days" and prescribed.words == "1 tablet, twice a day. Dr. Osei"
    assert apixaban.last(SAID) is None, "what a clinic lists is not what the patient said"
    assert (apixaban.last(LISTED)).source == "Hospital"  # type: ignore[union-attr]
    assert (house.line("25 MG").last(SAID)).words == "the small one at night"  # type: ignore[union-attr]


def test_two_strengths_are_two_lines(house: House) -> None:
    assert [line.name for line in house.list().current] == [
        "Apixaban 5 MG Oral Tablet",
        "Metoprolol Tartrate 25 MG Oral Tablet",
        "Metoprolol Tartrate 50 MG Oral Tablet",
    ]


def test_stopped_medicine_stands_apart(house: House) -> None:
    house.bring("hospital", order("small", METOPROLOL_25, status="stopped"))
    house.bring("portal", word("said", METOPROLOL_25, status="stopped"))
    assert [line.name for line in house.list().past] == ["Metoprolol Tartrate 25 MG Oral Tablet"]


def test_fill_keeps_a_medicine_on_the_list_while_it_lasts(house: House) -> None:
    ended = order("apixaban", APIXABAN, status="completed"), word("by-clinic", APIXABAN, status="completed")
    house.bring("hospital", *ended)
    assert house.line("Apixaban").stands is False, "whoever ended it did so after the fill"
    house.bring("pharmacy", fill("newer", APIXABAN, filled=-1))
    assert house.line("Apixaban").stands
    assert house.line("Apixaban").runs_out


def test_two_sources_saying_it_are_one_line(house: House) -> None:
    house.bring("clinic", ann(), order("again", APIXABAN, authored=-28))
    assert len([line for line in house.list().lines if "Apixaban" in line.name]) == 1
    assert len(house.line("Apixaban").facts[PRESCRIBED]) == 2

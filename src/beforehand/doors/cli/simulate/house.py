"""The throw-away house in which the simulated coordinators work: its nights, its post, its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from beforehand.care.needs import jobs
from beforehand.care.needs.arrivals import catch_up, ready_to_receive
from beforehand.care.needs.models import LIVE, Need, NeedFinding
from beforehand.care.needs.operations import operations_needs
from beforehand.care.needs.register import rule_words
from beforehand.clinical.times import day_of
from beforehand.doors.cli.simulate.about import Said, Seen
from beforehand.doors.cli.simulate.clock import clock_at
from beforehand.intake.apply import apply_messages
from beforehand.intake.ledger import keep, source_named
from beforehand.lookahead.models import Finding
from beforehand.lookahead.words import next_step, question, reason
from beforehand.record.access import for_principal, system_principal
from beforehand.record.enrolment import default_programme
from beforehand.record.models import Resource, Source, User
from beforehand.record.users import create_user
from beforehand.world.feed import SOURCES, Delivery

ASKING = ("DUE", "UNKNOWN")


def open_house() -> None:
    """The tables of the home. What is written need not survive a power cut: the home is thrown away."""
    options = connection.settings_dict.get("OPTIONS", {})
    if "synchronous=FULL" in options.get("init_command", ""):
        connection.close()
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)


@dataclass
class House:
    """What the product knows, as those who work with it see it."""

    start: date
    coordinators: list[User]
    sources: dict[str, Source]
    people: dict[int, int]  # our patient -> the world's person
    pages: dict[int, tuple[str, str]]  # our fact -> (source, reference)

    @classmethod
    def staffed(cls, start: date, coordinators: int) -> House:
        """A house with its team on its first day."""
        with clock_at(start, "00:01"):
            ready_to_receive(enrol_everyone=True)
            operator, team = system_principal("operator"), default_programme().team
            staff = [
                create_user(
                    username=f"coordinator{number}", role="COORDINATOR", by=operator, team=team,
                    first_name="Coordinator", last_name=str(number), reason="simulation",
                )
                for number in range(1, coordinators + 1)
            ]  # fmt: skip
            sources = {}
            for name, label in SOURCES.items():
                source = source_named(name)
                source.label = label
                source.save(update_fields=["label"])
                sources[name] = source
        return cls(start, staff, sources, {}, {})

    def night(self, today: date) -> None:
        """What the house does by itself at the beginning of a day."""
        with clock_at(today, "00:05"):
            jobs.each_night()

    def post(self, today: date, deliveries: list[Delivery]) -> None:
        """What arrives on an evening: each file is kept and applied, and after the last one the rules look, once."""
        with clock_at(today, "20:00"):
            for one in deliveries:
                source = self.sources[one.source]
                message = keep(data=one.data, source=source, name=one.name, received_at=timezone.now())
                apply_messages(source, [(message, one.data)])
            catch_up(as_of=today)

    def silent_sources(self, today: date) -> set[str]:
        """Sources that somebody is asked to call, because nothing came from them."""
        keys = {str(source.pk): name for name, source in self.sources.items()}
        found = operations_needs(system_principal("operator"), as_of=today)
        return {keys[each.key] for each in found if each.kind == "SOURCE" and each.key in keys}

    def person_of(self, patient: int) -> int:
        """The world's number of one of our patients."""
        if patient not in self.people:
            everyone = for_principal(system_principal("operator"))
            records = dict(everyone.facts("patient_record").values_list("id", "patient_id"))
            named = Resource.objects.filter(pk__in=records, type="Patient").values_list("pk", "logical_id")
            self.people.update({int(records[pk]): int(name.removeprefix("p")) for pk, name in named})
        return self.people[patient]

    def list_of(self, today: date) -> dict[int, Seen]:
        """Every need that stands on the list this morning, with all that it says and rests on."""
        day, operator = day_of(today), system_principal("operator")
        needs = Need.objects.for_principal(operator).filter(
            state__in=LIVE, source="FINDING", shown_from__lte=day, patient_id__isnull=False
        )
        rows = {
            need: (int(patient or 0), rule) for need, patient, rule in needs.values_list("pk", "patient_id", "rule_id")
        }
        links = NeedFinding.objects.filter(need_id__in=rows).values_list("need_id", "finding_id")
        linked: dict[int, list[int]] = {}
        for need, finding in links:
            linked.setdefault(need, []).append(finding)
        wanted = {finding for each in linked.values() for finding in each}
        stored = Finding.objects.for_principal(operator).filter(pk__in=wanted, state="CURRENT")
        found = {each.pk: each for each in stored if each.status in ASKING and (each.opens_on or 0) <= day}
        self._learn({int(item["fact_id"]) for each in found.values() for item in each.evidence or ()})
        return {
            need: Seen(
                need, self.person_of(patient), rule,
                tuple(self._said(found[each], day) for each in linked.get(need, ()) if each in found),
            )
            for need, (patient, rule) in rows.items()
        }  # fmt: skip

    def _said(self, found: Finding, day: int) -> Said:
        words = (question(found, today=day), reason(found, today=day), next_step(found, today=day))
        facts = [int(item["fact_id"]) for item in found.evidence or ()]
        return Said(
            rule_words(found.rule_id).topic, found.rule_id, " ".join(words),
            frozenset(self.pages[fact] for fact in facts if fact in self.pages),
        )  # fmt: skip

    def _learn(self, facts: set[int]) -> None:
        names = {source.pk: name for name, source in self.sources.items()}
        missing = [fact for fact in facts if fact not in self.pages]
        for start in range(0, len(missing), 500):
            found = Resource.objects.filter(pk__in=missing[start : start + 500], source_id__in=names)
            for pk, source, kind, logical in found.values_list("pk", "source_id", "type", "logical_id"):
                self.pages[pk] = (names[source], f"{kind}/{logical}")

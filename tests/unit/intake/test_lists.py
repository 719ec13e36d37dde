"""A list is taken in with its mapping, once; a corrected mapping replaces what was said."""

import pytest
from click.testing import CliRunner

from beforehand.doors.cli.commands.ingest import command
from beforehand.record.models import Message, PersonName, PersonRecord

pytestmark = pytest.mark.django_db
MAPPING = 'resources: [{resourceType: Patient, id: "{Member}", name: [{family: "{Last}", given: ["{First}"]}]}]'


@pytest.fixture
def take_in(tmp_path):
    def take_in(rows, mapping=MAPPING):
        (tmp_path / "members.csv").write_text("Member,Last,First\n" + rows)
        (tmp_path / "members.yaml").write_text(mapping)
        paths = [str(tmp_path / "members.csv"), "--mapping", str(tmp_path / "members.yaml")]
        return CliRunner().invoke(command, [*paths, "--source", "plan", "--no-rules", "--json"])

    return take_in


def test_each_row_becomes_a_person_and_the_same_list_again_changes_nothing(take_in):
    assert '"applied": 2' in take_in("1,Okafor,Ada\n2,Lind,Bo\n").output
    assert '"duplicates": 2' in take_in("1,Okafor,Ada\n2,Lind,Bo\n").output
    assert PersonRecord.unscoped.count() == 2
    assert Message.objects.first().format == "csv"


def test_a_corrected_mapping_replaces_what_was_said(take_in):
    take_in("1,Ada,Okafor\n")
    swapped = MAPPING.replace("{Last}", "{}").replace("{First}", "{Last}").replace("{}", "{First}")
    assert '"applied": 1' in take_in("1,Ada,Okafor\n", swapped).output
    assert list(PersonName.unscoped.values_list("family", "given")) == [("Okafor", "Ada")]


def test_a_mapping_that_cannot_be_meant_stops_before_anything_is_kept(take_in):
    outcome = take_in("1,Ada,Okafor\n", "resources: []")
    assert outcome.exit_code == 2
    assert "holds no list of resources" in outcome.output
    assert not Message.objects.exists()

"""Addresses of the coordinator's pages. None holds anything about a patient but our own number."""

from django.urls import URLPattern, path

from beforehand.doors.coordinator import (
    acts,
    gallery,
    needs,
    operations,
    people,
    person,
    plain,
    provenance,
    sorting,
    team,
    today,
)

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("rows/", today.rows, name="today_rows"),
    path("people/", people.people, name="people"),
    path("people/find/", people.search, name="search"),
    path("people/<int:patient_id>/", person.person, name="person"),
    path("people/<int:patient_id>/history/", person.history, name="person_history"),
    path("people/<int:patient_id>/add/", acts.add, name="need_add"),
    path("facts/<slug:table>/<int:fact_id>/", provenance.provenance, name="provenance"),
    path("facts/<slug:table>/<int:fact_id>/original/", provenance.original, name="original"),
    path("needs/<int:need_id>/", needs.need, name="need"),
    path("needs/<int:need_id>/happened/", acts.say_happened, name="need_happened"),
    path("needs/<int:need_id>/snooze/", acts.snooze, name="need_snooze"),
    path("needs/<int:need_id>/dismiss/", acts.dismiss, name="need_dismiss"),
    path("needs/<int:need_id>/hand-over/", acts.hand_over, name="need_hand_over"),
    path("needs/<int:need_id>/plan/", acts.plan, name="need_plan"),
    path("needs/<int:need_id>/close/", acts.close, name="need_close"),
    path("needs/<int:need_id>/take/", acts.take, name="need_take"),
    path("undo/<int:event_id>/", acts.undo, name="undo"),
    path("sorting/", sorting.sorting, name="sorting"),
    path("sorting/items/<int:item_id>/", sorting.item, name="item"),
    path("sorting/items/<int:item_id>/retry/", sorting.retry, name="item_retry"),
    path("sorting/items/<int:item_id>/refuse/", sorting.refuse, name="item_refuse"),
    path("sorting/matches/<int:match_id>/", sorting.match, name="match"),
    path("sorting/decisions/<int:decision_id>/undo/", sorting.undo_decision, name="decision_undo"),
    path("operations/", operations.operations, name="operations"),
    path("team/", team.team, name="team"),
    path("keys/", plain.keys, name="keys"),
    path("gallery/", gallery.gallery, name="gallery"),
]

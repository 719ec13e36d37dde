-- Documents about the person written by as_of and not withdrawn.
select d.patient_id, d.id, d.source_id, d.status, d.doc_status, d.code, d.written_from_day, d.written_to_day,
       d.encounter_id, d.title
from document_reference d
cross join as_of a
where d.same_as = d.id
  and d.status in ('current', 'superseded')
  and (d.doc_status is null or d.doc_status <> 'entered-in-error')
  and (d.written_from_day is null or d.written_from_day <= a.day)

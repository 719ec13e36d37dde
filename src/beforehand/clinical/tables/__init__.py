"""Every clinical table, stated once. ``FACTS`` are about a patient; ``REFERENCES`` are what facts point to."""

from beforehand.clinical.columns import Table
from beforehand.clinical.tables import conditions, medicines, money, orders, people, plans, reference, results, visits

FACTS: dict[str, Table] = {
    table.name: table
    for module in (people, conditions, medicines, results, visits, orders, plans, money)
    for table in module.TABLES
}
REFERENCES: dict[str, Table] = {table.name: table for table in reference.TABLES}
ALL: dict[str, Table] = {**FACTS, **REFERENCES}

__all__ = ["ALL", "FACTS", "REFERENCES"]

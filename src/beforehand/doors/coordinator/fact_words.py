"""One fact in one line of plain words; stated in ``clinical.fact_words`` so that the work and findings say the same."""

from beforehand.clinical.fact_words import (
    fact_line,
    main_time,
    money,
    normal,
    quantity,
    table_words,
    value,
    when,
)

__all__ = ["fact_line", "main_time", "money", "normal", "quantity", "table_words", "value", "when"]

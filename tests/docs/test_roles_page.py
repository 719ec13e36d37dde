"""The page about roles says what the code does."""

from tests.docs.roles_page import PAGE, page


def test_roles_page_is_written_from_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.docs.roles_page"

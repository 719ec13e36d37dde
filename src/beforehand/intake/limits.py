"""How large, deep and numerous a received thing may be. Everything beyond is refused with these words."""

from __future__ import annotations

from dataclasses import dataclass

from beforehand.intake.errors import LimitError

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """One installation's limits; the defaults hold any export that fits a person's laptop."""

    message_bytes: int = 512 * MEGABYTE  # one file or archive member, unpacked
    archive_bytes: int = 64 * 1024 * MEGABYTE  # everything in one archive, unpacked
    entries: int = 100_000  # files in one archive or folder
    ratio: int = 250  # unpacked to packed; clinical JSON packs 20 to 60 to one
    ratio_from: int = 8 * MEGABYTE  # below this the ratio does not matter
    line_bytes: int = 32 * MEGABYTE  # one line of NDJSON
    depth: int = 250  # objects within objects in one item; the JSON library itself stops at 254
    items: int = 5_000_000  # items in one message

    def check_message(self, size: int) -> None:
        """Refuse one file that is too large."""
        if size > self.message_bytes:
            raise LimitError(
                f"The file is larger than {self.message_bytes // MEGABYTE} MB.",
                "Split it, or send it as NDJSON in several files.",
            )

    def check_archive(self, unpacked: int, packed: int) -> None:
        """Refuse an archive that unpacks to too much, in all or for its size."""
        if unpacked > self.archive_bytes:
            raise LimitError(
                f"The archive unpacks to more than {self.archive_bytes // MEGABYTE} MB.",
                "Send it in several archives.",
            )
        if unpacked > self.ratio_from and unpacked > packed * self.ratio:
            raise LimitError(
                f"The archive unpacks to more than {self.ratio} times its size, as a decompression bomb does.",
                "Send the files unpacked if they are genuine.",
            )

    def check_entries(self, count: int) -> None:
        """Refuse an archive or folder of too many files."""
        if count > self.entries:
            raise LimitError(
                f"There are more than {self.entries:,} files in it.", "Send them in several archives or folders."
            )

    def check_items(self, count: int) -> None:
        """Refuse a message of too many items."""
        if count > self.items:
            raise LimitError(f"The message holds more than {self.items:,} items.", "Send it in several messages.")


LIMITS = Limits()


def too_deep() -> LimitError:
    """The refusal of an item that nests too deep; raised where the JSON library gives up on it."""
    return LimitError(f"The item nests deeper than {LIMITS.depth} levels.", "Check the sending system.")

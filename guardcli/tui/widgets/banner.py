"""A line that says that the API is away, and is not there while it answers."""

from __future__ import annotations

from textual.widgets import Static

from guardcli.tui.source import Link
from guardcli.tui.texts import line


class Banner(Static):
    """Shown above everything else while the API cannot be reached."""

    def tell(self, link: Link) -> None:
        """Show or hide what is wrong."""
        self.display = not link.alive
        if not link.alive:
            self.update(line(f"{link.message}. Trying again; what is shown is what was known."))

"""What is asked: one case in the words of each engine."""

from dataclasses import dataclass

from data import KEYS, WINDOW, table

SLICE = 10_000_000


@dataclass(frozen=True)
class Case:
    """A window, a key, a number of groups, and whether values are missing."""

    window: str
    key: str
    groups: int
    nulls: bool

    def __str__(self):
        gaps = "10 % NULL" if self.nulls else "no NULL"
        return f"{self.window}, {self.key} key, {self.groups:,} groups, {gaps}"

    @property
    def name(self):
        """The view's name."""
        return f"{self.window}_{self.key}_{'gappy' if self.nulls else 'whole'}"

    @property
    def column(self):
        """The key's column."""
        return KEYS[self.key].split()[0]

    @property
    def value(self):
        """The value's column."""
        return "gappy" if self.nulls else "value"

    @property
    def hops(self):
        """Whether windows overlap."""
        return self.window == "hop"

    @property
    def size(self):
        """The size of a slice in microseconds: a window that tumbles is one slice."""
        return SLICE if self.hops else WINDOW

    def view(self, keys):
        """For `seam`."""
        function = (
            "HOP(events, at, INTERVAL '10' SECOND, INTERVAL '60' SECOND)"
            if self.hops
            else "TUMBLE(events, at, INTERVAL '60' SECOND)"
        )
        return (
            table(keys) + f"CREATE VIEW {self.name} AS SELECT {self.column}, window_start,"
            f" window_end, COUNT(*) AS n, SUM({self.value}) AS total, MAX({self.value}) AS most"
            f" FROM {function} GROUP BY {self.column}, window_start, window_end;\n"
        )

    def sql(self, source, micros, divide, six):
        """For an engine of SQL: its spellings of microseconds, integer division and 0 to 5."""
        slices = (
            f"SELECT {micros} {divide} {self.size} AS w, {self.column} AS key, COUNT(*) AS n,"
            f" SUM({self.value}) AS total, MAX({self.value}) AS most FROM {source} GROUP BY 1, 2"
        )
        if not self.hops:
            return slices
        return (
            "SELECT w - o AS w, key, SUM(n) AS n, SUM(total) AS total, MAX(most) AS most"
            f" FROM ({slices}) CROSS JOIN {six} GROUP BY 1, 2"
        )

"""The table of calendars. Terms and rules are facts of the ledger, and have no tables of their own."""

CALENDARS = """
CREATE TABLE term_calendar (
    id INTEGER PRIMARY KEY,
    spec TEXT NOT NULL,                -- JSON, see calendar.FiscalCalendar
    tx_from INTEGER NOT NULL,
    author TEXT
) STRICT;
"""
"""The latest row is the calendar in force; earlier ones say what it was."""

"""Tables of live state and permissions; they change by a migration, never here."""

LIVE = """
CREATE TABLE permission_policy (
    version INTEGER PRIMARY KEY,
    policies TEXT NOT NULL,
    entities TEXT NOT NULL,            -- JSON, Cedar's form
    digest TEXT NOT NULL,
    recorded INTEGER NOT NULL,         -- transaction time, microseconds
    author TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE TABLE state_run (
    id INTEGER PRIMARY KEY,
    query TEXT NOT NULL,
    parameters TEXT NOT NULL,          -- JSON object
    outcome TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    digest TEXT NOT NULL,              -- of the rows, which are not kept
    at INTEGER NOT NULL,               -- microseconds
    seconds REAL NOT NULL,
    principal TEXT,
    error TEXT
) STRICT;
CREATE INDEX state_run_at ON state_run (at);
"""

"""The tables of what is taken in without anybody typing it; they change by a migration, never here."""

INTAKE = """
ALTER TABLE passage_place ADD COLUMN page INTEGER;  -- counted from 1, where the source has pages
CREATE TABLE fact_place (              -- where a fact stands in the version of its source that first said it
    fact INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER
) STRICT;
CREATE TABLE stated (                  -- what a source that is read again and again says now: its open statements
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,              -- Source.id
    key INTEGER NOT NULL REFERENCES fact_key,
    fact INTEGER NOT NULL,             -- recorded for it; the value that was stated is that of its first version
    UNIQUE (source, fact)
) STRICT;
CREATE INDEX stated_of_key ON stated (source, key);
CREATE TABLE settled (                 -- what was asked of a source when its statements were compared last
    source TEXT PRIMARY KEY,           -- Source.id
    asked TEXT NOT NULL,               -- digest of the question: of content and mapping, or of query and columns
    reached INTEGER,                   -- valid time of the answer, microseconds; NULL: unbounded
    how TEXT NOT NULL                  -- what was to be taken, as JSON
) STRICT, WITHOUT ROWID;
"""

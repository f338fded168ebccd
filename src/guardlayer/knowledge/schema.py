"""The tables of the knowledge layer; docs/design/ says what each holds. They change by a migration, never here."""

LEDGER = """
CREATE TABLE entity (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT) STRICT;
CREATE TABLE alias (
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entity,
    norm TEXT NOT NULL,
    text TEXT NOT NULL,
    preferred INTEGER NOT NULL,
    UNIQUE (norm, entity)
) STRICT;
CREATE UNIQUE INDEX alias_preferred ON alias (norm) WHERE preferred = 1;
CREATE INDEX alias_entity ON alias (entity);

CREATE TABLE attribute (id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT, type TEXT) STRICT;
CREATE TABLE synonym (
    id INTEGER PRIMARY KEY,
    attribute INTEGER NOT NULL REFERENCES attribute,
    norm TEXT NOT NULL,
    text TEXT NOT NULL,
    preferred INTEGER NOT NULL,
    UNIQUE (norm, attribute)
) STRICT;
CREATE UNIQUE INDEX synonym_preferred ON synonym (norm) WHERE preferred = 1;
CREATE TABLE cardinality (
    attribute INTEGER NOT NULL REFERENCES attribute,
    single INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (attribute, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact_key (
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entity,
    attribute INTEGER NOT NULL REFERENCES attribute,
    norm TEXT NOT NULL,
    qualifiers TEXT NOT NULL,
    UNIQUE (entity, attribute, norm)
) STRICT;
CREATE INDEX fact_key_attribute ON fact_key (attribute, entity);
CREATE TABLE fact (
    id INTEGER PRIMARY KEY,
    fact INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key INTEGER NOT NULL REFERENCES fact_key,
    value TEXT NOT NULL,
    source INTEGER NOT NULL REFERENCES source,
    valid_from INTEGER,
    valid_to INTEGER,
    valid_from_text TEXT,
    valid_to_text TEXT,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    operation TEXT NOT NULL,
    corrected INTEGER NOT NULL,
    supersedes INTEGER,
    author TEXT,
    reason TEXT,
    UNIQUE (fact, version)
) STRICT;
CREATE INDEX fact_of_key ON fact (key, valid_from);
CREATE INDEX fact_of_source ON fact (source) WHERE tx_to IS NULL;
CREATE INDEX fact_supersedes ON fact (supersedes) WHERE supersedes IS NOT NULL;
CREATE TABLE withdrawal (
    fact INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    operation TEXT NOT NULL,
    author TEXT,
    reason TEXT,
    PRIMARY KEY (fact, version)
) STRICT, WITHOUT ROWID;
CREATE VIEW change AS
    SELECT tx_from AS at, operation, fact, version, author, reason FROM fact
    UNION ALL SELECT at, operation, fact, version, author, reason FROM withdrawal;
"""

SOURCES = """
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uri TEXT,
    version TEXT,
    authority INTEGER NOT NULL DEFAULT 0,
    effective_from INTEGER,
    effective_to INTEGER,
    effective_from_text TEXT,
    effective_to_text TEXT,
    digest TEXT
) STRICT;
CREATE INDEX source_name ON source (name, id);
"""

PASSAGES = """
CREATE TABLE doc_document (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,       -- Source.id
    uri TEXT NOT NULL                  -- where it was read last
) STRICT;
CREATE INDEX doc_document_uri ON doc_document (uri);
CREATE TABLE doc_version (
    document INTEGER NOT NULL REFERENCES doc_document (id),
    number INTEGER NOT NULL,           -- 1, 2, …: Source.version
    state TEXT NOT NULL CHECK (state IN ('present', 'removed', 'superseded', 'retracted')),
    digest TEXT NOT NULL,
    authority INTEGER NOT NULL,
    effective INTEGER,                 -- valid time from which this version holds, microseconds; NULL: unbounded
    effective_text TEXT,               -- the same, no more precise than it was given
    recorded INTEGER NOT NULL,         -- transaction time, microseconds
    reason TEXT,
    PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE passage_passage (
    id INTEGER PRIMARY KEY,            -- the rowid in the two indexes
    document INTEGER NOT NULL REFERENCES doc_document (id),
    opened INTEGER NOT NULL,           -- first version of the document that holds it
    closed INTEGER,                    -- first version that no longer does
    successor INTEGER,                 -- the passage that took its place, where one did
    lead TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX passage_by_document ON passage_passage (document, closed);
CREATE TABLE passage_place (
    passage INTEGER NOT NULL REFERENCES passage_passage (id),
    version INTEGER NOT NULL,          -- from this version on, until a later row
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    PRIMARY KEY (passage, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE passage_state (open INTEGER NOT NULL, former INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
INSERT INTO passage_state VALUES (0, 0, 0);
CREATE VIRTUAL TABLE passage_open USING fts5(
    text, lead, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE passage_former USING fts5(
    text, lead, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
"""

HISTORIES = """
CREATE TABLE doc_history (
    source TEXT PRIMARY KEY,           -- first part of the ids of its documents
    repository TEXT NOT NULL,          -- where it was read last
    folder TEXT NOT NULL,              -- what part of it, percent-encoded
    head TEXT NOT NULL,                -- the commit up to which it was read
    reached INTEGER NOT NULL           -- valid time of the last version, microseconds
) STRICT, WITHOUT ROWID;
ALTER TABLE doc_version ADD COLUMN label TEXT;  -- what the source itself calls this version: a commit
"""

"""The tables of the ledger; docs/design/ledger.md says what each holds. They change by a migration, never here."""

SCHEMA = """
CREATE TABLE entity (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT) STRICT;
CREATE TABLE alias (
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entity,
    norm TEXT NOT NULL,
    text TEXT NOT NULL,
    preferred INTEGER NOT NULL,
    UNIQUE (norm, entity)
) STRICT;
CREATE UNIQUE INDEX alias_preferred ON alias (norm) WHERE preferred;
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
CREATE UNIQUE INDEX synonym_preferred ON synonym (norm) WHERE preferred;
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

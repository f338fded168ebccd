"""The tables of names: when and where a name holds, and which entities were found to be one."""

ENTITIES = """
CREATE TABLE entity_name (
    id INTEGER PRIMARY KEY,
    alias INTEGER NOT NULL REFERENCES alias (id),
    kind TEXT NOT NULL,                -- preferred, alternative, hidden
    scope TEXT NOT NULL,               -- JSON pairs; [] is everywhere
    valid_from INTEGER,
    valid_to INTEGER,
    valid_from_text TEXT,
    valid_to_text TEXT,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    author TEXT,
    reason TEXT
) STRICT;
CREATE INDEX entity_name_alias ON entity_name (alias);
CREATE TABLE entity_merge (
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entity (id),
    into_entity INTEGER NOT NULL REFERENCES entity (id),
    author TEXT,
    reason TEXT,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,                     -- when it was undone
    undone_author TEXT,
    undone_reason TEXT
) STRICT;
CREATE INDEX entity_merge_entity ON entity_merge (entity);
CREATE TABLE entity_epoch (changes INTEGER NOT NULL) STRICT;
INSERT INTO entity_epoch VALUES (0);
"""
"""An ``alias`` without a row in ``entity_name`` holds everywhere and always. ``entity_epoch`` counts the changes that
are more than another name, so that an index of names knows when adding is not enough."""

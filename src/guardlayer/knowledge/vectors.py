"""The table of vectors; it changes by a migration, never here."""

VECTORS = """
CREATE TABLE passage_vector (
    passage INTEGER NOT NULL REFERENCES passage_passage (id),
    encoder TEXT NOT NULL,             -- digest of the encoder that made it
    vector BLOB NOT NULL,              -- signed bytes
    PRIMARY KEY (encoder, passage)
) STRICT, WITHOUT ROWID;
"""

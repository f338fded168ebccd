"""The tables for what is said *about* knowledge: who stands behind it, until when it holds unasked, what was settled.

They change by a migration, never here. Transaction time is as in the ledger: rows are added and closed, never changed.
"""

GOVERNANCE = """
CREATE TABLE source_word (             -- what is said of a source as a whole, a row for each time it is said
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,              -- Source.id
    owner TEXT,
    authority INTEGER,                 -- also of what was recorded from it before; NULL: as recorded with each fact
    ranked INTEGER,                    -- transaction time at which that was said; what is recorded later has its own
    effective_from INTEGER,
    effective_to INTEGER,
    effective_from_text TEXT,
    effective_to_text TEXT,
    review_after INTEGER,
    review_after_text TEXT,
    asked INTEGER,                     -- transaction time at which that was said
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    author TEXT,
    reason TEXT
) STRICT;
CREATE INDEX source_word_source ON source_word (source, tx_from);
CREATE TABLE source_succession (       -- one source took the place of another
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    former TEXT NOT NULL,
    since INTEGER NOT NULL,            -- valid time from which the former one counts no more
    since_text TEXT NOT NULL,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    author TEXT,
    reason TEXT
) STRICT;
CREATE INDEX source_succession_former ON source_succession (former);
CREATE INDEX source_succession_source ON source_succession (source);
CREATE TABLE confirmation (            -- somebody vouched for a fact, or for all facts of an attribute
    id INTEGER PRIMARY KEY,
    fact INTEGER,                      -- number of the fact; NULL: all of the attribute
    attribute INTEGER REFERENCES attribute,
    due INTEGER,                       -- valid time of the next review; NULL: none
    due_text TEXT,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    author TEXT,
    reason TEXT
) STRICT;
CREATE INDEX confirmation_fact ON confirmation (fact) WHERE fact IS NOT NULL;
CREATE INDEX confirmation_attribute ON confirmation (attribute) WHERE attribute IS NOT NULL;
CREATE TABLE settlement (              -- of two facts that were tied, the one that somebody chose
    id INTEGER PRIMARY KEY,
    winner INTEGER NOT NULL,
    loser INTEGER NOT NULL,
    tx_from INTEGER NOT NULL,
    tx_to INTEGER,
    author TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX settlement_winner ON settlement (winner);
CREATE INDEX settlement_loser ON settlement (loser);

CREATE TABLE review_item (             -- a change that somebody asks for, or a finding somebody should look at
    id INTEGER PRIMARY KEY,
    verb TEXT NOT NULL,
    identity TEXT NOT NULL,            -- equal for proposals that ask for the same
    proposal TEXT NOT NULL,            -- JSON
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
    times INTEGER NOT NULL,            -- how often it was proposed or seen
    author TEXT NOT NULL,
    reason TEXT,
    origin TEXT,
    proposed INTEGER NOT NULL,
    seen INTEGER NOT NULL,             -- when it was proposed or seen last
    decided INTEGER,
    decided_by TEXT,
    decision TEXT,                     -- the reason given for it
    fact INTEGER                       -- number of the fact that came of it
) STRICT;
CREATE UNIQUE INDEX review_item_open ON review_item (identity) WHERE state = 'open';
CREATE INDEX review_item_identity ON review_item (identity);
CREATE TABLE review_sighting (         -- which records of a provenance log have been counted
    item INTEGER NOT NULL REFERENCES review_item (id),
    record TEXT NOT NULL,
    PRIMARY KEY (item, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE reviewer (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE taught (                  -- a model is known to have been trained on what is recorded of an entity
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    digest TEXT,                       -- of the weights
    dataset TEXT,                      -- name or digest of the training data
    entity INTEGER,                    -- NULL once it has been erased
    recorded INTEGER NOT NULL
) STRICT;
CREATE INDEX taught_entity ON taught (entity);
CREATE TABLE erasure (                 -- what was erased when, and the receipt, which does not say of whom
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    receipt TEXT NOT NULL
) STRICT;
"""

CHRONICLE = """
DROP VIEW change;
CREATE VIEW change AS
    SELECT tx_from AS at, operation, fact, version, author, reason FROM fact
    UNION ALL SELECT at, operation, fact, version, author, reason FROM withdrawal
    UNION ALL SELECT s.tx_from, 'settle', s.winner,
        (SELECT max(f.version) FROM fact f WHERE f.fact = s.winner AND f.tx_from <= s.tx_from), s.author, s.reason
        FROM settlement s
    UNION ALL SELECT c.tx_from, 'confirm', c.fact,
        (SELECT max(f.version) FROM fact f WHERE f.fact = c.fact AND f.tx_from <= c.tx_from), c.author, c.reason
        FROM confirmation c WHERE c.fact IS NOT NULL;
"""
"""The log of changes, with who chose a side and who vouched for a fact among them."""

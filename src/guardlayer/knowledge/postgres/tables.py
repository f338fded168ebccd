"""What only PostgreSQL has beneath the ledger: who writes, and the rule of one value kept by the database itself.

``fact_hold`` has a row for each value that a source says of a single-valued key, with the times for which it does. Two
rows of one source may not overlap: an exclusion constraint over ranges, which needs no extension. Triggers keep the
rows, so whoever goes around the writer is held to the same rule. A value known by the year only (``brief``) has no row;
it is refused where another value of its source covers the whole of it (``docs/design/ledger.md``, "Overlap").
"""

from __future__ import annotations

from collections.abc import Callable

from guardlayer.knowledge.store import Schema

STATE = """
CREATE TABLE guardlayer_state (format BIGINT NOT NULL, own BIGINT NOT NULL, generation BIGINT NOT NULL);
INSERT INTO guardlayer_state VALUES (0, 0, 0);
COMMENT ON TABLE guardlayer_state IS 'guardlayer: versions of the tables, and the number of the last write';
"""

_HOLDS = """
ALTER TABLE fact ADD COLUMN value_key TEXT;                  -- what spellings of one value have in common
ALTER TABLE fact ADD COLUMN brief INTEGER NOT NULL DEFAULT 0;  -- held for an unknown part of its period
CREATE UNIQUE INDEX fact_open ON fact (fact) WHERE tx_to IS NULL;
CREATE INDEX fact_brief ON fact (key) WHERE tx_to IS NULL AND brief = 1;
CREATE INDEX fact_unkeyed ON fact (id) WHERE value_key IS NULL;
CREATE TYPE guardlayer_text_range AS RANGE (subtype = text, collation = "C");
CREATE TABLE fact_hold (
    key INTEGER NOT NULL,
    source TEXT NOT NULL,
    value TEXT NOT NULL,
    during INT8MULTIRANGE NOT NULL,
    PRIMARY KEY (key, source, value),
    CONSTRAINT fact_one_value_at_a_time EXCLUDE USING gist (
        int8range(key, key, '[]') WITH &&,
        guardlayer_text_range(source, source, '[]') WITH &&,
        during WITH &&
    ) DEFERRABLE INITIALLY DEFERRED
);

CREATE FUNCTION guardlayer_single(at_key BIGINT) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT c.single = 1 FROM fact_key k JOIN cardinality c ON c.attribute = k.attribute
    WHERE k.id = at_key ORDER BY c.since DESC LIMIT 1
$$;

CREATE FUNCTION guardlayer_hold() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    said_by TEXT;
    rest INT8MULTIRANGE;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.tx_to IS NULL AND OLD.brief = 0 THEN
        SELECT name INTO said_by FROM source WHERE id = OLD.source;
        SELECT range_agg(int8range(f.valid_from, f.valid_to)) INTO rest
        FROM fact f JOIN source s ON s.id = f.source
        WHERE f.key = OLD.key AND f.tx_to IS NULL AND f.brief = 0 AND s.name = said_by
            AND coalesce(f.value_key, f.value) = coalesce(OLD.value_key, OLD.value);
        IF rest IS NULL THEN
            DELETE FROM fact_hold WHERE key = OLD.key AND source = said_by
                AND value = coalesce(OLD.value_key, OLD.value);
        ELSE
            UPDATE fact_hold SET during = rest WHERE key = OLD.key AND source = said_by
                AND value = coalesce(OLD.value_key, OLD.value);
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.tx_to IS NULL AND NEW.brief = 0 AND guardlayer_single(NEW.key) THEN
        SELECT name INTO said_by FROM source WHERE id = NEW.source;
        INSERT INTO fact_hold AS h (key, source, value, during)
        VALUES (NEW.key, said_by, coalesce(NEW.value_key, NEW.value),
            int8multirange(int8range(NEW.valid_from, NEW.valid_to)))
        ON CONFLICT (key, source, value) DO UPDATE SET during = h.during + excluded.during;
        -- Looked at again at the end of the write: a brief value that this one may cover.
        UPDATE fact SET brief = brief WHERE key = NEW.key AND tx_to IS NULL AND brief = 1;
    END IF;
    RETURN NULL;
END $$;
-- Who goes around the writer does not say what is compared; what is known of the same text counts, else the text.
CREATE FUNCTION guardlayer_value_key() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT f.value_key INTO NEW.value_key FROM fact f
    WHERE f.key = NEW.key AND f.value = NEW.value AND f.value_key IS NOT NULL LIMIT 1;
    RETURN NEW;
END $$;
CREATE TRIGGER fact_compared BEFORE INSERT ON fact FOR EACH ROW
    WHEN (NEW.value_key IS NULL) EXECUTE FUNCTION guardlayer_value_key();
CREATE TRIGGER fact_hold_added AFTER INSERT ON fact FOR EACH ROW
    WHEN (NEW.tx_to IS NULL) EXECUTE FUNCTION guardlayer_hold();
CREATE TRIGGER fact_hold_changed AFTER UPDATE ON fact FOR EACH ROW
    WHEN ((OLD.tx_to IS NULL OR NEW.tx_to IS NULL) AND (OLD.brief = 0 OR NEW.brief = 0))
    EXECUTE FUNCTION guardlayer_hold();
CREATE TRIGGER fact_hold_gone AFTER DELETE ON fact FOR EACH ROW
    WHEN (OLD.tx_to IS NULL) EXECUTE FUNCTION guardlayer_hold();

CREATE FUNCTION guardlayer_brief() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    other RECORD;
BEGIN
    SELECT f.fact, f.value INTO other
    FROM fact b JOIN source t ON t.id = b.source
    JOIN fact f ON f.key = b.key AND f.tx_to IS NULL AND f.brief = 0
    JOIN source s ON s.id = f.source AND s.name = t.name
    WHERE b.id = NEW.id AND b.tx_to IS NULL AND b.brief = 1 AND guardlayer_single(b.key)
        AND coalesce(f.value_key, f.value) <> coalesce(b.value_key, b.value)
        AND (f.valid_from IS NULL OR f.valid_from < b.valid_from)
        AND (f.valid_to IS NULL OR f.valid_to >= b.valid_to)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'f% says % while f% says %', NEW.fact, NEW.value, other.fact, other.value
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'fact_one_value_at_a_time', TABLE = 'fact';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fact_brief_covered AFTER INSERT OR UPDATE ON fact DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.tx_to IS NULL AND NEW.brief = 1) EXECUTE FUNCTION guardlayer_brief();

CREATE FUNCTION guardlayer_refill(of_attribute BIGINT) RETURNS VOID LANGUAGE sql AS $$
    DELETE FROM fact_hold WHERE key IN (SELECT id FROM fact_key WHERE attribute = of_attribute);
    INSERT INTO fact_hold (key, source, value, during)
    SELECT f.key, s.name, coalesce(f.value_key, f.value), range_agg(int8range(f.valid_from, f.valid_to))
    FROM fact_key k JOIN fact f ON f.key = k.id JOIN source s ON s.id = f.source
    WHERE k.attribute = of_attribute AND f.tx_to IS NULL AND f.brief = 0 AND guardlayer_single(k.id)
    GROUP BY 1, 2, 3;
    UPDATE fact SET brief = brief FROM fact_key k
    WHERE k.attribute = of_attribute AND fact.key = k.id AND fact.tx_to IS NULL AND fact.brief = 1;
$$;
CREATE FUNCTION guardlayer_cardinality() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM guardlayer_refill(CASE TG_OP WHEN 'DELETE' THEN OLD.attribute ELSE NEW.attribute END);
    RETURN NULL;
END $$;
CREATE TRIGGER cardinality_holds AFTER INSERT OR UPDATE OR DELETE ON cardinality
    FOR EACH ROW EXECUTE FUNCTION guardlayer_cardinality();
"""


def _holds(to: Schema) -> None:
    to.execute(_HOLDS)


OWN: tuple[Callable[[Schema], None], ...] = (_holds,)
"""What is added to the tables that both databases have: one function a version, appended and never edited."""

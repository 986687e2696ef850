-- The ledger only grows: a wrong charge is corrected by a further entry.
CREATE FUNCTION aijobs_refuse_ledger_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: a charge is never changed or deleted.'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER refuse_ledger_changes BEFORE UPDATE OR DELETE ON aijobs_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_refuse_ledger_changes();

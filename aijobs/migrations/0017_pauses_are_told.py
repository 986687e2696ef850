"""Open pages learn at once that sending is paused, and that it goes on."""

from django.db import migrations

PAUSES = """
CREATE FUNCTION aijobs_pause_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(id, NULL) FROM tenants_tenant WHERE is_active;
    RETURN NULL;
END $$;

CREATE TRIGGER pause_began AFTER INSERT ON aijobs_circuitbreaker
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_pause_changed();
CREATE TRIGGER pause_ended AFTER UPDATE ON aijobs_circuitbreaker
    FOR EACH ROW WHEN (OLD.closed_at IS DISTINCT FROM NEW.closed_at)
    EXECUTE FUNCTION aijobs_pause_changed();
"""

NO_PAUSES = """
DROP TRIGGER pause_began ON aijobs_circuitbreaker;
DROP TRIGGER pause_ended ON aijobs_circuitbreaker;
DROP FUNCTION aijobs_pause_changed;
"""


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0016_telling_in_turn")]
    operations = [migrations.RunSQL(PAUSES, NO_PAUSES)]

from django.db import migrations

FORWARD = """
CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('mandje.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'the diary is append-only: % on event % refused', TG_OP, OLD.id;
END $$;
CREATE TRIGGER the_diary_is_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change();
"""
BACKWARD = "DROP TRIGGER the_diary_is_append_only ON events_event; DROP FUNCTION events_refuse_change();"


class Migration(migrations.Migration):
    """What happened is not changed; erasure and retention say so in their session first."""

    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

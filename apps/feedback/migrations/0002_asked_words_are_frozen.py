from django.db import migrations

FORWARD = """
CREATE FUNCTION feedback_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of survey % was asked and cannot change', OLD.number, OLD.slug;
END $$;
CREATE TRIGGER an_asked_survey_is_frozen BEFORE UPDATE ON feedback_survey
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL AND (NEW.texts, NEW.kind, NEW.slug, NEW.number, NEW.frozen_at)
        IS DISTINCT FROM (OLD.texts, OLD.kind, OLD.slug, OLD.number, OLD.frozen_at))
    EXECUTE FUNCTION feedback_refuse_change();
"""
BACKWARD = "DROP TRIGGER an_asked_survey_is_frozen ON feedback_survey; DROP FUNCTION feedback_refuse_change();"


class Migration(migrations.Migration):
    """An answer means the words that were read: from the first asking on they stand still."""

    dependencies = [("feedback", "0001_what_is_asked_and_answered")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

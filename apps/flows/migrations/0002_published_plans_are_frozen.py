from django.db import migrations

FORWARD = """
CREATE FUNCTION flows_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of flow % is published and cannot change', OLD.number, OLD.flow_id;
END $$;
CREATE TRIGGER a_published_version_is_frozen BEFORE UPDATE OF definition, number, flow_id ON flows_version
    FOR EACH ROW EXECUTE FUNCTION flows_refuse_change();
"""
BACKWARD = "DROP TRIGGER a_published_version_is_frozen ON flows_version; DROP FUNCTION flows_refuse_change();"


class Migration(migrations.Migration):
    """People inside a flow finish on the plan they entered."""

    dependencies = [("flows", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

from django.db import migrations

# A queue's index fills with dead entries as rows move on; the default of 20 % lets a claim walk over all of them.
FORWARD = """
ALTER TABLE flows_enrollment SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.02, fillfactor = 85)
"""
BACKWARD = """
ALTER TABLE flows_enrollment RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, fillfactor)
"""


class Migration(migrations.Migration):
    dependencies = [("flows", "0002_published_plans_are_frozen")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

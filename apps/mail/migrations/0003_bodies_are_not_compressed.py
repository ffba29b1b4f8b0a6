from django.db import migrations


class Migration(migrations.Migration):
    """Squeezing each body costs more than writing it, and most go after days."""

    dependencies = [("mail", "0002_queue_is_vacuumed_often")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE mail_outboxmail ALTER COLUMN data SET STORAGE EXTERNAL",
            "ALTER TABLE mail_outboxmail ALTER COLUMN data SET STORAGE EXTENDED",
        )
    ]

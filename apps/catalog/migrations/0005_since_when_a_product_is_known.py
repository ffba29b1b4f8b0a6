from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_no_facts_beside_the_columns")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="first_seen_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="first seen"),
        ),
    ]

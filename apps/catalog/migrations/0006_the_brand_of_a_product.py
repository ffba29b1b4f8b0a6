from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_since_when_a_product_is_known")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="brand",
            field=models.CharField(blank=True, db_default="", default="", max_length=120, verbose_name="brand"),
        ),
    ]

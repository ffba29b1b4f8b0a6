from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_a_refund_counts_once_per_order")]

    operations = [
        migrations.AddField(
            model_name="shipment",
            name="tracking_url",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
    ]

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built beside the orders that come in.
    atomic = False

    dependencies = [("orders", "0004_where_a_parcel_can_be_followed")]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("counts", True)),
                fields=["store", "placed_at"],
                include=("customer", "currency", "total", "refunded"),
                name="order_that_counts",
            ),
        ),
    ]

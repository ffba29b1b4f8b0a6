from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Whenever an order changes, the baskets it ended are looked at again."""

    atomic = False

    dependencies = [("carts", "0002_queue_is_vacuumed_often")]

    operations = [
        AddIndexConcurrently(
            model_name="cart",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)), fields=["order_id"], name="cart_by_order"
            ),
        )
    ]

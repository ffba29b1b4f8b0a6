import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0005_sweeps_and_shadow"),
        ("stores", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="spoke",
            field=models.SmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="spoke_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.SmallIntegerField()),
                ("text", models.CharField(max_length=300, verbose_name="what the flow says")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("attempts", models.SmallIntegerField(default=0, editable=False)),
                (
                    "enrollment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="flows.enrollment",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices_of_flows",
                        to="stores.store",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice to the owner",
                "verbose_name_plural": "notices to the owner",
                "ordering": ["-at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="notice_due"
                    ),
                    models.Index(fields=["store", "-at"], name="notice_of_store"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("enrollment", "position"), name="an_owner_is_told_once_per_step"
                    )
                ],
            },
        ),
    ]

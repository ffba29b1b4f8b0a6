from django.db import migrations

FORWARD = """
UPDATE catalog_product SET handle = left(coalesce(data ->> 'handle', ''), 255),
    regular_price = (data ->> 'regular_price')::numeric,
    stock = CASE WHEN abs((data ->> 'stock')::numeric) < 1e9 THEN (data ->> 'stock')::numeric END,
    categories = coalesce(nullif(data -> 'categories', 'null'), '[]'),
    tags = coalesce(nullif(data -> 'tags', 'null'), '[]'),
    related = coalesce(nullif(data -> 'related', 'null'), '[]'),
    rating = CASE WHEN (data ->> 'rating')::numeric BETWEEN 0 AND 5 THEN (data ->> 'rating')::numeric END,
    rating_count = CASE WHEN (data ->> 'rating_count')::numeric BETWEEN 0 AND 1e9
        THEN (data ->> 'rating_count')::int END
WHERE data <> '{}'
"""
BACK = """
UPDATE catalog_product SET data = jsonb_build_object('handle', handle, 'regular_price', regular_price::text,
    'stock', stock::text, 'categories', categories, 'tags', tags, 'related', related, 'rating', rating::text,
    'rating_count', rating_count)
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_what_mails_ask_of_products")]

    operations = [migrations.RunSQL(FORWARD, BACK)]

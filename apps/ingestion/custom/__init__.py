"""What other apps tell of somebody: `POST /events/<store_key>/`, signed by the Standard Webhooks scheme."""

"""The pages and verbs of the admin that no model's list can be."""

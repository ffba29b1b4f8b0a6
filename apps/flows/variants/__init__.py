"""The ways an A/B test tries."""

"""The platforms a shop can run on: one folder each."""

"""The kinds of surveys: one file each."""

"""What can be true of a person: one file each."""

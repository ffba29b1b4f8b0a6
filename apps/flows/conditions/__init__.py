"""What must be true of a run: one file each."""

"""What ends a run: one file each."""

"""What a run does: one file each."""

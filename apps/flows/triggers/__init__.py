"""What starts a flow: one file each."""

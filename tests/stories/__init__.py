"""What the shops were promised, told from the platform's delivery to the mail in somebody's hands."""

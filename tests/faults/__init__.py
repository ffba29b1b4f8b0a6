"""Real processes, killed on purpose; what counts is what a mail server wrote down."""

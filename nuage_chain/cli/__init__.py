"""The command line, `nuage-chain …`: one command a file."""

"""What this project exists for: a container's attachment to the overlay, one verb a file."""

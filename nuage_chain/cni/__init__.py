"""The Container Network Interface protocol, both sides; it knows nothing of Nuage."""

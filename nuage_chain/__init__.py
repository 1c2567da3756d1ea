"""A CNI plugin that moves containers onto a Nuage VSP overlay, as a member of a plugin list."""

__version__ = "0.1.0"

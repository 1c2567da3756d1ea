"""Puts nuage-chain onto a node, or into an image of one, and takes it away again (docs/install.md)."""

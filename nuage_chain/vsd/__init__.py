"""The client side of VSD's REST API: session, look-ups by name, and the objects of one attachment."""

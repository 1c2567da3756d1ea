"""The warm process behind the executable: it holds the libraries and the open connections (docs/agent.md)."""

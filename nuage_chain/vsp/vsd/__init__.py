"""The embedded VSD: its REST API over one SQLite file, enough for the vendor's SDK to work on unchanged."""

"""The configuration of one deployment, one file a section."""

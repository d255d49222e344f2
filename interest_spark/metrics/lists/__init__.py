"""What lists are like beside being right: new, diverse, fair to the catalogue. One metric a file, as for accuracy."""

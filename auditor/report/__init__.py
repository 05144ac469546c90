"""One renderer per file; the file name is the format's name."""

"""A look at the first lines of a log, without Spark: what a mapping makes of them, and which one might fit."""

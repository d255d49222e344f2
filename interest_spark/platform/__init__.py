"""Where a run takes place: Java, the Spark session, checks of the machine, what is shipped to nodes."""

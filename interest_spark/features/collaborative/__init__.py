"""Who used which items together: what collaborative models are fitted on, and their fitting on Spark."""

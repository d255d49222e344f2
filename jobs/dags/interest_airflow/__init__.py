"""What the DAGs beside this folder share. It needs Airflow with its Spark provider and nothing of interest_spark."""

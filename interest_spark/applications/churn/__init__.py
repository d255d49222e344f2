"""Who is about to stay away: labels, models and reasons of the churn warning."""

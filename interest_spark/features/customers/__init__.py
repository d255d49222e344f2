"""What is known of each customer as of a day: features and profiles, from daily counts that are carried on."""

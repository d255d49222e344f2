"""Events to one ordered history a user, and the histories' token columns."""

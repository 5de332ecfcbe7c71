"""Moving pictures: a clip becomes a painting that does not flicker."""

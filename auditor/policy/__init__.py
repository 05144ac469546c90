"""What security policies allow: rules of three clouds in one model, compared exactly, in SQL."""

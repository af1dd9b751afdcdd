"""Operations of the tag `updates`, through the API."""

"""Operations of the tag `reviews`, through the API."""

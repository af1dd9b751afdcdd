"""Operations of the tag `change_requests`, through the API."""

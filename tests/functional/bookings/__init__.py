"""Operations of the tag `bookings`, through the API."""

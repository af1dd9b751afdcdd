"""What reaches outside: one small Protocol each, with an embedded and a production form."""

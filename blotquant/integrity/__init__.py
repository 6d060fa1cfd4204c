"""Look at this: joined pieces, repeated regions, one picture under two names."""

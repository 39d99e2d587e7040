"""A store under a monkey's hands for as long as one likes: `nox -s soak` prints what grew and what is left."""

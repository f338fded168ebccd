"""Keep behavior in the weights and facts in their sources."""

"""Commands that build what the package ships; never installed with it."""

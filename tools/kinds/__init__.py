"""Trains the claim-kinds model: a corpus written for it, a linear model over readable signs, and a card."""

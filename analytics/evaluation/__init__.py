"""Judging the models on fleets whose truth is known."""

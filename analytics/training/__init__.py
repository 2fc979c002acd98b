"""How models are trained, kept, compared and loaded."""

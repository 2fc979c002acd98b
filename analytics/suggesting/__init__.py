"""What is worth doing now: found in what analytics and the intake keep, kept as rows, shown to whom they concern."""

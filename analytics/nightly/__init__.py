"""Where arrays and tables meet: what the nightly runs read, hand to the pure packages beside this one, and write."""

"""Face: the admin for the platform's staff, on django-unfold. It changes the domain through services only."""

"""Django's admin with our site in the place of its own."""

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    default_site = "iotsim.backoffice.site.Site"

"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import model_views, views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/spending/", model_views.spending, name="copilot_spending"),
    path("copilot/spending.csv", model_views.spending_csv, name="copilot_spending_csv"),
    path("settings/copilot/", model_views.copilot_settings, name="copilot_settings"),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
]

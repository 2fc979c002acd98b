"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
]

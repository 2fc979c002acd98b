"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import attachment_views, views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/attachments/", attachment_views.attachments, name="attachments"),
    path(
        "copilot/attachments/<int:attachment>/remove/", attachment_views.attachment_removed, name="attachment_removed"
    ),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
]

"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import attachment_views, model_views, views, widget_views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/found/", views.found, name="found_conversations"),
    path("copilot/spending/", model_views.spending, name="copilot_spending"),
    path("copilot/spending.csv", model_views.spending_csv, name="copilot_spending_csv"),
    path("settings/copilot/", model_views.copilot_settings, name="copilot_settings"),
    path("copilot/attachments/", attachment_views.attachments, name="attachments"),
    path(
        "copilot/attachments/<int:attachment>/remove/", attachment_views.attachment_removed, name="attachment_removed"
    ),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
    path("copilot/<int:thread>/export/", views.export, name="export_conversation"),
    path("copilot/widgets/<slug:name>/", widget_views.widget, name="widget"),
    path("copilot/pins/", widget_views.board, name="pins"),
    path("copilot/pins/<int:pin>/", widget_views.pinned, name="pin"),
]

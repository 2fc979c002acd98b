"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import views, widget_views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
    path("copilot/widgets/<slug:name>/", widget_views.widget, name="widget"),
    path("copilot/pins/", widget_views.board, name="pins"),
    path("copilot/pins/<int:pin>/", widget_views.pinned, name="pin"),
]

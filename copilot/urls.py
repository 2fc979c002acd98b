"""The addresses of the copilot's pages."""

from django.urls import path

from copilot import attachment_views, evaluation_views, model_views, run_views, views, widget_views

urlpatterns = [
    path("copilot/", views.conversations, name="conversations"),
    path("copilot/found/", views.found, name="found_conversations"),
    path("copilot/attachments/", attachment_views.attachments, name="attachments"),
    path(
        "copilot/attachments/<int:attachment>/remove/", attachment_views.attachment_removed, name="attachment_removed"
    ),
    path("copilot/spending/", model_views.spending, name="copilot_spending"),
    path("copilot/spending.csv", model_views.spending_csv, name="copilot_spending_csv"),
    path("settings/copilot/", model_views.copilot_settings, name="copilot_settings"),
    path("copilot/<int:thread>/", views.conversation, name="conversation"),
    path("copilot/<int:thread>/export/", views.export, name="export_conversation"),
    path("copilot/runs/", run_views.runs, name="runs"),
    path("copilot/runs/<int:run>/", run_views.run, name="run"),
    path("copilot/evaluations/", evaluation_views.evaluations, name="evaluations"),
    path("copilot/evaluations/<int:evaluation>/", evaluation_views.evaluation, name="evaluation"),
    path("copilot/evaluations/<int:evaluation>/compare/", evaluation_views.comparison, name="evaluation-compare"),
    path("copilot/evaluations/cases/<int:case>/", evaluation_views.evaluated_case, name="evaluated-case"),
    path("copilot/widgets/<slug:name>/", widget_views.widget, name="widget"),
    path("copilot/pins/", widget_views.board, name="pins"),
    path("copilot/pins/<int:pin>/", widget_views.pinned, name="pin"),
]

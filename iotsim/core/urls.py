"""The addresses of the platform's own pages."""

from django.urls import path

from iotsim.core import people_views, views

urlpatterns = [
    path("approvals/", views.approvals, name="approvals"),
    path("approvals/<int:approval>/", views.approval, name="approval"),
    path("jobs/<int:job>/", views.job, name="job"),
    path("audit/", views.audit, name="audit"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/badge/", views.notification_badge, name="notification_badge"),
    path("notifications/few/", views.notification_few, name="notification_few"),
    path("settings/members/", people_views.members, name="members"),
    path("settings/members/<int:user_id>/<slug:what>/", people_views.member_dialog, name="member_dialog"),
    path("settings/keys/", people_views.api_keys, name="api_keys"),
]

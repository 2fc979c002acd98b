"""The addresses of the platform's own pages."""

from django.urls import path

from iotsim.core import views

urlpatterns = [
    path("approvals/", views.approvals, name="approvals"),
    path("jobs/<int:job>/", views.job, name="job"),
    path("audit/", views.audit, name="audit"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/badge/", views.notification_badge, name="notification_badge"),
    path("notifications/few/", views.notification_few, name="notification_few"),
]

"""What daphne serves: HTTP by Django, WebSockets by channels."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import URLPattern, path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsim.settings")

http = get_asgi_application()

# What needs Django's applications is imported after they are set up.
from copilot.consumers import CopilotConsumer  # noqa: E402
from iotsim.checks import refuse_to_start  # noqa: E402
from iotsim.live import LiveConsumer  # noqa: E402
from iotsim.metrics import measured_sockets  # noqa: E402
from iotsim.streams import streaming  # noqa: E402

refuse_to_start()

websocket_urlpatterns: list[URLPattern] = [
    path("ws/copilot/", CopilotConsumer.as_asgi()),
    path("ws/live/", LiveConsumer.as_asgi()),
]

sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))

application = ProtocolTypeRouter(
    {
        "http": streaming(http),
        "websocket": measured_sockets(sockets, paths={f"/{one.pattern}" for one in websocket_urlpatterns}),
    }
)

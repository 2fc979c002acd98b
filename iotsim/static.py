"""Static files, served by the application itself with their compressed siblings and cache headers."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise with a body instead of a stream, which Django would read under ASGI with a warning."""

    def add_files(self, root: str, prefix: str | None = None) -> None:
        # Collecting into STATIC_ROOT is a choice: without it the applications' own folders are served.
        if Path(root).is_dir():
            super().add_files(root, prefix)

    @staticmethod
    def serve(static_file, request: HttpRequest) -> HttpResponse:  # type: ignore[no-untyped-def]
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file:
                body = found.file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["content-type"]
        for name, value in found.headers:
            response[name] = value
        return response

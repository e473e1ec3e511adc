"""The service over HTTP, with its pages."""

from service.http.app import create_app
from service.http.server import serve

__all__ = ["create_app", "serve"]

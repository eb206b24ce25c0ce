"""The page at ``/`` and the files that it is made of; open to everybody, its data are not."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from foretaste import __version__
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.settings import Settings
from foretaste.serving.page.files import INDEX, PageFile, page_files

PUBLIC = ("/", "/page/")
"""Paths that need no key."""

SETTINGS = "settings.json"
"""A file that is made at the start: what the page must know of the service before it may ask it anything."""


def page_router(settings: Settings) -> APIRouter:
    """The routes of the page.

    Args:
        settings: Whose images it may show.
    """
    known = {"version": __version__, "images": list(settings.images)}
    shown = {**page_files(), SETTINGS: PageFile.of(json.dumps(known).encode(), "application/json")}
    policy = content_policy(settings.images)
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index(request: Request) -> Response:
        return _sent(shown[INDEX], request, policy)

    @router.api_route("/page/{name:path}", methods=["GET", "HEAD"])
    async def file(name: str, request: Request) -> Response:
        if name not in shown or name == INDEX:
            raise Problem(404, "the page has no such file")
        return _sent(shown[name], request, policy)

    return router


def content_policy(images: tuple[str, ...]) -> str:
    """What a browser may do on the page: nothing but its own scripts, styles and questions, and images from there."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": " ".join(("'self'", *images)),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _sent(file: PageFile, request: Request, policy: str) -> Response:
    """The file, or word that the browser's copy is still good."""
    headers = {"etag": file.tag, "cache-control": "no-cache", "content-security-policy": policy}
    held = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.kind)

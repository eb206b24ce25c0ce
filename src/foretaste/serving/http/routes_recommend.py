"""Recommendations, and the same question to several models."""

from __future__ import annotations

import asyncio
from itertools import combinations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from foretaste.serving.http.answers import CompareOut, RecommendOut
from foretaste.serving.http.bodies import CompareIn, RecommendIn
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.service import needs, reply, service_of

router = APIRouter(tags=["recommend"], dependencies=[Depends(needs("read"))])


@router.post("/v1/recommend", response_model=RecommendOut)
async def recommend(body: RecommendIn, request: Request) -> Response:
    """Items for a user or a history, best first; nothing to go by gives the most popular ones, and says so."""
    service = service_of(request)
    slot = service.fleet.chosen(body.user_id) if body.model is None else service.fleet.slot(body.model, status=422)
    return reply(await service.answer(slot, body, await service.history(body)))


@router.post("/v1/compare", response_model=CompareOut)
async def compare(body: CompareIn, request: Request) -> Response:
    """The same question to several models, side by side."""
    service = service_of(request)
    names = list(dict.fromkeys(service.fleet.slots if body.models is None else body.models))
    slots = [service.fleet.slot(name, status=422) for name in names]
    history = await service.history(body)
    given = await asyncio.gather(*(service.answer(slot, body, history) for slot in slots), return_exceptions=True)
    for answer in given:
        if isinstance(answer, BaseException):
            raise answer
    answers = [answer for answer in given if not isinstance(answer, BaseException)]
    if not answers:
        raise Problem(422, "no model was asked")
    items = [{one["item_id"] for one in answer["items"]} for answer in answers]
    overlap = {
        f"{names[a]}+{names[b]}": round(len(items[a] & items[b]) / max(1, min(len(items[a]), len(items[b]))), 4)
        for a, b in combinations(range(len(items)), 2)
    }
    return reply({"answers": answers, "overlap": overlap})

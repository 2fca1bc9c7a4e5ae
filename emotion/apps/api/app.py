"""The routes of the API."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import prometheus_client
from fastapi import Depends, FastAPI, Query, Request, Response

from emotion.apps.api import access, bodies, page, problems, records, schema
from emotion.apps.api import settings as api_settings
from emotion.apps.api.limits import Limits
from emotion.apps.api.problems import Problem
from emotion.apps.api.settings import Settings
from emotion.apps.api.workers import Predictor, Workers
from emotion.inference import model as model_file
from emotion.inference.model import Model

ABOUT = """Detects the faces in pictures and classifies their emotions, one of seven. Labels are what others saw in
pictures; a face does not show what a person feels. Pictures are neither stored nor logged."""


@dataclass(frozen=True)
class Service:
    """What the routes share; `app.state.service` holds it."""

    settings: Settings
    predictor: Predictor
    workers: Workers
    metrics: records.Metrics
    facts: schema.ModelFacts


def create() -> FastAPI:
    """Return the app that the environment's settings describe.

    Raises:
        InputError: A setting is invalid, or a model is missing or not what it should be.
    """
    records.start_logging()
    cv2.setNumThreads(1)  # each request has a thread of its own; more would only compete for the cores
    settings = api_settings.read()
    path = model_file.path_of(settings.model)
    model = model_file.open_model(path, threads=1)
    metrics = records.Metrics()
    workers = Workers(settings, metrics.waiting.set)
    service = Service(settings, Predictor(model, settings), workers, metrics, _facts(path, model, settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.workers.close()

    # FastAPI's own documentation pages would load scripts from elsewhere.
    app = FastAPI(
        title="Facial emotions", version="1", description=ABOUT, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.service = service
    problems.install(app)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(records.Records, metrics=service.metrics)
    _add_routes(app, settings)
    return app


def _facts(path: Path, model: Model, settings: Settings) -> schema.ModelFacts:
    return schema.ModelFacts(
        name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        labels=list(model.labels),
        input_size=(48, 48),
        detector=Path(settings.detector).name,
    )


def _add_routes(app: FastAPI, settings: Settings) -> None:
    allowed = [Depends(rule) for rule in (access.rate(settings), access.key(settings)) if rule]
    app.post(
        "/v1/predict",
        dependencies=allowed,
        response_model=schema.Prediction,
        responses=schema.problems(400, 401, 408, 413, 415, 422, 429, 503),
        openapi_extra={"requestBody": schema.request_body(settings)},
    )(predict)
    app.get("/v1/models", dependencies=allowed, responses=schema.problems(401, 429))(models)
    app.get("/healthz")(healthz)
    app.get("/readyz", responses=schema.problems(503))(readyz)
    for path in ("/", "/docs"):
        app.get(path, include_in_schema=False)(page.show)
    app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})(metrics)


async def predict(request: Request, options: Annotated[schema.Options, Query()]) -> Response:
    """Detect the faces in pictures and predict their emotions."""
    service: Service = request.app.state.service
    body = await bodies.read(request, service.settings)

    def work(deadline: float) -> tuple[list[dict[str, Any]], bytes]:
        pictures = bodies.parse(body, service.settings) if isinstance(body, bytes) else body
        results = service.predictor(pictures, options.detect, deadline)
        return results, json.dumps({"results": results}).encode()

    results, content = await service.workers.run(work, request.receive)
    faces = sum(len(result["faces"]) for result in results)
    service.metrics.images.inc(len(results))
    service.metrics.faces.inc(faces)
    request.state.log = {"images": len(results), "faces": faces}
    return Response(content, media_type="application/json")


async def models(request: Request) -> schema.Models:
    """Describe the network that makes the predictions."""
    return schema.Models(models=[request.app.state.service.facts])


async def healthz() -> schema.Health:
    """Report that the process is alive."""
    return schema.Health(status="ok")


async def readyz(request: Request) -> schema.Health:
    """Report whether the server accepts requests."""
    if request.app.state.service.workers.full:
        raise Problem(503, "Too many requests are waiting.", retry_after=1)
    return schema.Health(status="ready")


async def metrics(request: Request) -> Response:
    """Return the metrics for Prometheus."""
    return Response(request.app.state.service.metrics.text(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

"""The routes of the API."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import cv2
import prometheus_client
from fastapi import Depends, FastAPI, Query, Request, Response

from emotion.apps import api_access, api_bodies, api_problems, api_records, api_schema, api_settings
from emotion.apps.api_limits import Limits
from emotion.apps.api_problems import Problem
from emotion.apps.api_schema import problems
from emotion.apps.api_workers import Predictor, Workers
from emotion.inference import model as model_file

ABOUT = """Finds faces in pictures and says what they show: seven emotions. Labels are what others saw in pictures;
a face does not tell what somebody feels. Pictures are neither kept nor logged."""


def create() -> FastAPI:
    """Return the app of the settings in the environment.

    Raises:
        InputError: A setting is not possible, or a model is missing or not what it should be.
    """
    api_records.start_logging()
    cv2.setNumThreads(1)  # requests have a thread each; more would only get into one another's way
    settings = api_settings.read()
    path = model_file.default_path() if settings.model is None else Path(settings.model)
    model = model_file.open_model(path, threads=1)
    predictor, workers, metrics = Predictor(model, settings), Workers(settings), api_records.Metrics()
    facts = api_schema.ModelFacts(
        name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        labels=list(model.labels),
        input_size=(48, 48),
        detector=Path(settings.detector).name,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()

    # The pages that FastAPI would offer load scripts from elsewhere.
    app = FastAPI(
        title="Facial emotions", version="1", description=ABOUT, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    api_problems.install(app)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(api_records.Records, metrics=metrics)
    allowed = [Depends(rule) for rule in (api_access.rate(settings), api_access.key(settings)) if rule]

    @app.post(
        "/v1/predict",
        dependencies=allowed,
        response_model=api_schema.Prediction,
        responses=problems(400, 401, 408, 413, 415, 422, 429, 503),
        openapi_extra={"requestBody": api_schema.request_body(settings)},
    )
    async def predict(
        request: Request,
        detect: Annotated[bool, Query(description="false: each picture is one face, cut out")] = True,
    ) -> Response:
        """Say what the faces in pictures show."""
        body = await api_bodies.read(request, settings)

        def work(until: float) -> tuple[list[dict[str, Any]], bytes]:
            given = api_bodies.parse(body, settings) if isinstance(body, bytes) else body
            results = predictor(given, detect, until)
            return results, json.dumps({"results": results}).encode()

        results, content = await workers.run(work, request.receive)
        faces = sum(len(result["faces"]) for result in results)
        metrics.images.inc(len(results))
        metrics.faces.inc(faces)
        request.state.told = {"images": len(results), "faces": faces}
        return Response(content, media_type="application/json")

    @app.get("/v1/models", dependencies=allowed, responses=problems(401, 429))
    async def models() -> api_schema.Models:
        """Say which network answers."""
        return api_schema.Models(models=[facts])

    @app.get("/healthz")
    async def healthz() -> api_schema.Health:
        """Say that the process is alive."""
        return api_schema.Health(status="ok")

    @app.get("/readyz", responses=problems(503))
    async def readyz() -> api_schema.Health:
        """Say whether requests can be taken."""
        if workers.full:
            raise Problem(503, "Too many requests wait already.", retry_after=1)
        return api_schema.Health(status="ready")

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def numbers() -> Response:
        """Tell Prometheus what was counted."""
        metrics.waiting.set(workers.waiting)
        return Response(metrics.text(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    return app

"""The page at / and /docs: how to use the API. It needs no scripts; FastAPI's own loads them from elsewhere."""

from html import escape

from fastapi import Request
from fastapi.responses import HTMLResponse

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ background: #eee; padding: .5rem; overflow-x: auto }} td, th {{ padding-right: 1rem; text-align: left }}</style>
<h1>{title}</h1>
<p>{about}</p>
<pre>curl {key}-F images=@photo.jpg {base}v1/predict</pre>
<table><tr><th>request<th>what it does</tr>
{routes}
</table>
<p>All about requests and responses: <a href="openapi.json">openapi.json</a> (OpenAPI; Postman, Bruno and Swagger UI
open it).</p>
"""


async def show(request: Request) -> HTMLResponse:
    """Describe the API to people."""
    described = request.app.openapi()
    routes = [
        f"<tr><td>{method.upper()} {escape(path)}<td>{escape(route['description'])}</tr>"
        for path, methods in described["paths"].items()
        for method, route in methods.items()
    ]
    page = PAGE.format(
        title=escape(described["info"]["title"]),
        about=escape(described["info"]["description"]),
        key="-H 'X-API-Key: ...' " if request.app.state.service.settings.api_key else "",
        base=escape(str(request.base_url)),
        routes="\n".join(routes),
    )
    return HTMLResponse(page)

"""What `mkdocs build` needs beside the pages in docs/: files from elsewhere in the repository, and links to them.

Pages are written for the repository: their links are paths in it. In the site, a link to a page or a file of the site
stays a link; of a link to any other file of the repository only the text stays, since the site has no such file.
Notebooks become pages, with the outputs that are committed in them. A drawing of Mermaid becomes a table: drawing it
would need a script from elsewhere.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = ("config/README.md", "benchmarks/README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Pages outside docs/."""
OTHERS = ("config.yaml", "config/*.yaml", "config/schema.json", "LICENSE", "CITATION.cff", "examples/*.py")
"""Files outside docs/ that the site has as they are."""
LINK = re.compile(r"(?P<text>!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^()\s]+)\)")
FENCE = re.compile(r"^(?P<fence> *(?:```|~~~)[^\n]*\n.*?^ *(?:```|~~~) *$)", re.MULTILINE | re.DOTALL)
SHIM = "https://unpkg.com/iframe-worker/shim"
MERMAID = re.compile(r"^```mermaid\ngraph TD\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add what lies outside docs/, and a page for each notebook."""
    from mkdocs.structure.files import File

    for pattern in (*PAGES, *OTHERS):
        for path in sorted(ROOT.glob(pattern)):
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    for path in sorted((ROOT / "docs/notebooks").glob("*.ipynb")):
        page = notebook_page(json.loads(path.read_text(encoding="utf-8")), path.name)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page))
    return files


def on_page_markdown(markdown: str, page: "Page", files: "Files", **_: object) -> str:
    """Links from paths of the repository to paths of the site, drawings to tables."""
    here = page.file.src_uri
    source = here if here in PAGES else f"docs/{here}"
    markdown = MERMAID.sub(lambda drawn: _edges(drawn[1]), markdown)
    parts = FENCE.split(markdown)  # every second one is code
    known = {file.src_uri for file in files}
    return "".join(part if place % 2 else linked(part, source, here, known) for place, part in enumerate(parts))


def on_post_page(output: str, page: "Page", **_: object) -> str:
    """The theme's script for search in pages opened from a folder is our own instead of one from another server."""
    return output.replace(SHIM, relpath("site-search.js", dirname(page.file.dest_uri) or "."))


def on_post_template(output_content: str, **_: object) -> str:
    """The same for the page that a server shows for an address that does not exist."""
    return output_content.replace(SHIM, "/site-search.js")


def linked(text: str, source: str, here: str, known: set[str]) -> str:
    """A text whose links are those of the site.

    Args:
        text: Markdown without code blocks.
        source: the path of the page in the repository.
        here: its path in the site.
        known: the paths of all files of the site.
    """

    def change(link: re.Match[str]) -> str:
        target, hash_, anchor = link["target"].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return link[0]
        found = site_path(normpath(f"{dirname(source)}/{target}".lstrip("/")), known)
        if found is None:
            return link["text"].lstrip("!")[1:-1]
        return f"{link['text']}({relpath(found, dirname(here) or '.')}{hash_}{anchor})"

    return LINK.sub(change, text)


def site_path(path: str, known: set[str]) -> str | None:
    """Where the site has a file of the repository; of a folder, its README; None if it has not."""
    if path == "README.md":
        return "index.md"
    inside = path.removeprefix("docs/")
    for name in (re.sub(r"^(notebooks/.*)\.ipynb$", r"\1.md", inside), inside, f"{inside}/README.md"):
        if name in known:
            return name
    return None


def _edges(drawing: str) -> str:
    """`a --> b` by line as a table."""
    imports: dict[str, list[str]] = {}
    for name, other in re.findall(r"(\w+) --> (\w+)", drawing):
        imports.setdefault(name, []).append(other)
    rows = [f"| `{name}` | {', '.join(f'`{other}`' for other in others)} |" for name, others in imports.items()]
    return "\n".join(["| package | imports, beside what follows from others |", "|---|---|", *rows])


def notebook_page(notebook: dict[str, Any], name: str) -> str:
    """A notebook as Markdown."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [shown for output in cell.get("outputs", ()) for shown in _output(output)]
    title, *rest = parts
    return "\n\n".join([title, f"[Download this notebook]({name}){{ download }}", *rest]) + "\n"


def _output(output: dict[str, Any]) -> list[str]:
    """What one output of a cell shows: its richest form."""
    held = output.get("data", {"text/plain": output.get("text", "")})
    forms: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("image/png", lambda data: f'<img alt="Figure" src="data:image/png;base64,{data.strip()}">'),
        ("text/html", lambda data: f'<div class="output" markdown="0">\n{data}\n</div>'),
        ("text/plain", lambda data: f"```text\n{data.rstrip()}\n```" if data.strip() else ""),
    )
    return next(([show("".join(held[form]))] for form, show in forms if form in held), [])

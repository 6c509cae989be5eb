"""The library that draws the page's charts in the reader's browser: Vega-Embed, with Vega and Vega-Lite.

vl-convert holds it; bundling takes two seconds, so the bundle is kept in the user's cache folder.
"""

import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from lth.errors import UserError
from lth.files import write_text

_END = "/* the end of the bundle */\n"


def bundle() -> str:
    """JavaScript that defines `vegaEmbed` and asks for nothing else."""
    path = cached()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    if text.endswith(_END):
        return text
    from vl_convert import javascript_bundle

    text = javascript_bundle("window.vegaEmbed = vegaEmbed;") + _END
    with suppress(UserError):  # a read-only home: bundled again the next time
        write_text(path, text)
    return text


def cached() -> Path:
    """Where the bundle of the installed version is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(cache, "lth", f"vega-{version('vl-convert-python')}.js")

# In somebody else's workflow (`module`), and where the project is not installed, `lth` is found beside these rules: by
# the rules themselves, and by the jobs that they start.
import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = str(Path(str(workflow.current_basedir)).parents[1])
if find_spec("lth") is None:
    sys.path.insert(0, ROOT)
    others = filter(None, [os.environ.get("PYTHONPATH")])
    os.environ.update(PYTHONPATH=os.pathsep.join([ROOT, *others]))

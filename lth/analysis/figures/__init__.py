"""The figures of a study: what each one shows, which tables it reads and when it is drawn.

Captions are defined here (`of_assessments`, `of_study`) and nowhere else. These modules do not import Matplotlib;
others in this package do, without pyplot and its global state. Jobs call `lth.analysis.figures.draw`.
"""

from lth.analysis.figures.of_assessments import ASSESSMENT_FIGURES
from lth.analysis.figures.of_study import STUDY_FIGURES
from lth.catalog.registry import Registry

FIGURES = Registry({**ASSESSMENT_FIGURES, **STUDY_FIGURES})
"""All figures by name, in report order."""

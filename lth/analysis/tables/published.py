"""Published accuracies beside the study's own: by epoch, and at the last epoch that was published."""

from collections.abc import Mapping

import pandas as pd

from lth.config.study import PublishedCurve


def with_published(
    arms: pd.DataFrame, curves: pd.DataFrame, published: Mapping[str, PublishedCurve]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Arms and curves with published test accuracies, where the study names any; else as they are.

    Args:
        arms: a row for each arm. Added are `published_epoch`, the last one that was published, `published_percent` and
            the study's own mean `then_percent` after that epoch, and `published_citation`; empty for other arms. The
            mean is of all seeds, and empty where some had stopped earlier.
        curves: a row for each arm, split and scored step. Added is `published_percent`, of test rows.
        published: by arm.
    """
    if not published:
        return arms, curves
    test, whole = curves["split"] == "test", curves["epoch"].round()
    known = {arm: spec.by_epoch() for arm, spec in published.items()}
    values = [
        known.get(arm, {}).get(int(epoch)) if is_test and abs(epoch - exact) < 1e-6 else None
        for arm, epoch, exact, is_test in zip(curves["arm"], whole, curves["epoch"], test, strict=True)
    ]
    curves = curves.assign(published_percent=pd.Series(values, index=curves.index, dtype=float))
    last = {arm: max(by_epoch) for arm, by_epoch in known.items()}
    beside = curves[curves["published_percent"].notna()]
    then = beside[beside["epoch"].round() == beside["arm"].map(last)].set_index("arm")
    of_all = then[then["n"] == arms.set_index("arm")["n"].reindex(then.index)]
    return arms.assign(
        published_epoch=arms["arm"].map(last),
        published_percent=arms["arm"].map({arm: by_epoch[last[arm]] for arm, by_epoch in known.items()}),
        then_percent=arms["arm"].map(of_all["accuracy_percent"]),
        published_citation=arms["arm"].map({arm: spec.citation for arm, spec in published.items()}),
    ), curves

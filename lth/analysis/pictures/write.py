"""Pictures of tickets as files: what the name of a file ends with says what kind of picture it is."""

from collections.abc import Sequence
from pathlib import Path

from lth.analysis.pictures.animation import ANIMATIONS, write_animation
from lth.analysis.pictures.frames import round_frames, training_frames
from lth.analysis.pictures.page import write_masks_page
from lth.analysis.pictures.rounds import Chain
from lth.errors import UserError
from lth.printable import printable


def draw_chains(title: str, chains: Sequence[Chain], to: Path, *, training: bool = False) -> str:
    """Draw chains into a file; what it shows, in words.

    Args:
        title: of a page.
        chains: the tickets; one for an animation.
        to: the file: `.html`, or one of `ANIMATIONS`.
        training: animate the training of the last round instead of the rounds.

    Raises:
        UserError: a file of another kind, no tickets, or more than one for an animation.
    """
    if to.suffix == ".html":
        if training:
            raise UserError(
                f"{printable(to)}: is a page, which shows rounds; a training is shown by an animation (.gif)"
            )
        return write_masks_page(title, chains, to)
    if to.suffix not in ANIMATIONS:
        found = f"ends with '{to.suffix}'" if to.suffix else "its name has no ending"
        raise UserError(f"{printable(to)}: {found}; {', '.join(['.html', *ANIMATIONS])} are allowed")
    if len(chains) != 1:
        names = printable(", ".join(chain.title for chain in chains[:8])) or "none"
        raise UserError(f"an animation shows one ticket; found {len(chains)} ({names}); give the folder of one ticket")
    (chain,) = chains
    return write_animation(training_frames(chain) if training else round_frames(chain), to)


def title_of(given: Sequence[Path]) -> str:
    """What a page of given files and folders is called: by the last part of their names."""
    return printable(", ".join(dict.fromkeys(path.resolve().name for path in given)), 80)

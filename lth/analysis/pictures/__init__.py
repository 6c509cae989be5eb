"""Pictures of masks: a page on which to look at tickets round by round, and animations of how they were found."""

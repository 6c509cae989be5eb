"""Texts: sources, tokenised data sets, and pre-trained encoders that read them (needs the extra `text`)."""

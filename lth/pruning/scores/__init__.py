"""Saliency scores: functions from `Evidence` to one score per prunable weight; larger scores are kept."""

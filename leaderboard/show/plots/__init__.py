"""Figures for papers: rank plot, critical-difference diagram, heat map and bar charts of one table."""

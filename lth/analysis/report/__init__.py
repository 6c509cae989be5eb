"""The report: one HTML page with the answer, interactive charts, tables, tickets, methods and provenance.

It asks for nothing from a network, and contains no date and no path of the machine. Equal tables and figures give an
identical page, except for what was measured, which stands in lines of its own.
"""

PAGE_PARTS = ("report.html.j2", "report.css", "report.js")
"""Files beside this one that the page is made of; `page` writes it."""

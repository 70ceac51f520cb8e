"""Bytes of documents -> records of facts and text, the hostile kinds in a process of their own.

documents          which reader reads what    worker, child   the process, and what runs in it
page, page_*       HTML pages                 pdf, layout     PDF, and lines to paragraphs
docx, epub, mail   what their names say       tables          JSON Lines, CSV, mailboxes
archive, blocks    ZIP files, HTML trees      decode, fields, front_matter
"""

"""The chat page: renders an `Answer`, decides nothing.

server.py        the FastAPI application, where it is served
routes.py        the routes beside the page: sources, styles, health
guard.py         which requests it takes, what it tells the browser
turns.py         what the page asks takes its turn among all questions
page.py          the Gradio components and their events
closed.py        forgets the pages that were closed
conversation.py  one question at a time: stream, stop, remember
collection.py    what the front page says of the collection
render.py        Answer -> HTML           cards.py, why.py   what was cited, checked, searched
conversations.py the store of what was said    restore.py   JSON -> records   owner.py   whose it is
archive.py       one such store for each collection
history.py       its list, renaming, deleting, downloads
written.py, export.py, share.py   an answer or a conversation as Markdown, text, JSON, a page
filters.py       days, publishers, topics        timeline.py   sentences by date
wish.py          what the page's script asks for
source.py  Article -> HTML, the cited words marked
markup.py        how a string of unknown origin becomes HTML
library.py       the collection page          listing.py  which articles it shows
beside.py        which pages there are beside it
shelf.py         several collections, one open   collections.py  their page
adding.py        adding articles              uploads.py  where their files wait
jobs.py          work that goes on meanwhile
preferences.py   the settings page            evals.py  the page of evals
pages.py         fills the templates of the pages beside the conversation
words/           the languages of the interface
newsdesk.css, newsdesk.js, cards.js, ask.js, history.js, filters.js

Nothing is imported here, and Gradio only when an application is built.
"""

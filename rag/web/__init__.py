"""Web addresses -> articles, politely and never out of a private network.

crawl        what addresses hold, one after another    visit      what to note once it is stored
fetch        one address -> bytes, within limits       network    connections that were checked
feeds        RSS, Atom, JSON feeds                     sitemaps   sitemaps and their indexes
kinds        what an answer really holds               fetches    what is stored of addresses
"""

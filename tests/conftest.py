"""What all tests share: an example of a property may take its time, since machines are busy."""

from hypothesis import settings

settings.register_profile("newsdesk", deadline=None)
settings.load_profile("newsdesk")

"""Everything that Newsdesk raises on purpose.

RagError                    told to a person in one line: what happened, to which thing, the remedy
├── SettingsError           a setting, or an argument that a caller passed, is unknown or wrong
├── CorpusError             an article, a file or an eval set cannot be read as what it claims to be
├── IndexMissing            there is no index in the folder, or no such article in the index
├── IndexDamaged            a stored file is not what was written; never answered from
├── IndexMismatch           the index was made with another embedder or format
├── IndexBusy               another process is writing to the index
├── ServerBusy              more is waiting than the server takes; ask again in a moment
├── ModelError              a model cannot be loaded, reached or understood; `retryable` says which
├── Stopped                 a person stopped a long piece of work; what it had done is kept
└── PromptError             a prompt file lacks a variable, or names one that nobody fills

Not knowing is not an error: an `Answer` that abstains is the result then.
"""


class RagError(Exception):
    """Base of all errors that Newsdesk raises; `str(error)` is one clear line with the remedy."""


class SettingsError(RagError):
    """A setting or an argument is unknown or out of its range."""


class CorpusError(RagError):
    """A file, an article or an eval set cannot be read."""


class IndexMissing(RagError):
    """Nothing is stored where something was asked for."""


class IndexDamaged(RagError):
    """A stored file differs from what was written."""


class IndexMismatch(RagError):
    """The index was made with another embedder or in another format."""


class IndexBusy(RagError):
    """Another process holds the write lock of the index."""


class ServerBusy(RagError):
    """The server has as many questions waiting as it takes."""


class ModelError(RagError):
    """A model failed.

    Attributes:
        retryable: whether the same call may succeed a little later (a time-out, a full queue).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        """Keep the message and whether a retry makes sense."""
        super().__init__(message)
        self.retryable = retryable


class PromptError(RagError):
    """A prompt file and the code that fills it disagree."""


class Stopped(RagError):
    """A person stopped a long piece of work."""

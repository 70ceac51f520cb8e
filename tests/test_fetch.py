"""Fetching: what comes back, what is refused, and that it ends in time. No outside network."""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import Reply, Site

from rag.schema import Record
from rag.settings import FetchSettings
from rag.web.failures import FetchError
from rag.web.fetch import Fetcher
from rag.web.network import is_public

HERE = {"delay": 0, "timeout": 5, "allow_hosts": ("127.0.0.1",)}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def fetcher(**keys: object) -> Fetcher:
    """One that may read the local site; `resolve` and `pause` besides settings."""
    outside = {name: keys.pop(name) for name in ("resolve", "pause", "trust") if name in keys}
    return Fetcher(FetchSettings(**{**HERE, **keys}), **outside)


def reason(site: Site, path: str = "/", **keys: object) -> str:
    with fetcher(**keys) as one, pytest.raises(FetchError) as failed:
        one.fetch(site.url(path))
    assert str(failed.value) == f"{site.url(path)}: {failed.value.reason}"
    assert ";" in failed.value.reason, "there is a remedy"
    return failed.value.reason


def to_here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


class Known(Record):
    def __init__(self, etag: str = "", last_modified: str = "") -> None:
        self.etag, self.last_modified = etag, last_modified


def test_a_page_comes_with_its_kind_and_what_to_know_it_by(site):
    site.pages["/a"] = Reply(b"<p>hello", etag='"1"', last_modified="Mon, 03 Jul 2023 10:00:00 GMT")
    with fetcher() as one:
        page = one.fetch(site.url("/a#part"))
    assert (page.data, page.media, page.charset) == (b"<p>hello", "text/html", "utf-8")
    assert (page.etag, page.last_modified) == ('"1"', "Mon, 03 Jul 2023 10:00:00 GMT")
    assert page.address == site.url("/a")
    sent = site.headers["/a"]
    assert sent["User-Agent"].startswith("Newsdesk/")
    assert sent["Host"] == f"127.0.0.1:{site.port}"
    assert "If-None-Match" not in sent
    assert "Cookie" not in sent


@pytest.mark.parametrize(
    "known", [Known('"1"'), Known("", "Mon, 03 Jul 2023 10:00:00 GMT"), Known('"1"', "x")]
)
def test_what_has_not_changed_is_not_sent_again(site, known):
    site.pages["/a"] = Reply(b"<p>hello", etag='"1"', last_modified="Mon, 03 Jul 2023 10:00:00 GMT")
    with fetcher() as one:
        page = one.fetch(site.url("/a"), known)
    assert page.unchanged
    assert page.data == b""
    assert site.full == []


def test_what_has_changed_is_sent(site):
    site.pages["/a"] = Reply(b"new", etag='"2"')
    with fetcher() as one:
        page = one.fetch(site.url("/a"), Known('"1"'))
    assert (page.unchanged, page.data, page.etag) == (False, b"new", '"2"')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(site, status):
    site.pages["/a"] = Reply(status=status, headers={"Location": "b?x=1"})
    site.pages["/b?x=1"] = Reply(status=status, headers={"Location": site.url("/c")})
    site.pages["/c"] = Reply(b"there")
    with fetcher() as one:
        page = one.fetch(site.url("/a"))
    assert (page.data, page.url, page.address) == (b"there", site.url("/a"), site.url("/c"))


def test_five_redirects_are_enough(site):
    for step in range(7):
        site.pages[f"/{step}"] = Reply(status=301, headers={"Location": f"/{step + 1}"})
    site.pages["/7"] = Reply(b"there")
    with fetcher() as one:
        assert one.fetch(site.url("/2")).data == b"there"
    assert "redirected more than 5 times" in reason(site, "/1")


def test_redirects_in_a_circle_end(site):
    site.pages["/a"] = Reply(status=302, headers={"Location": "/b"})
    site.pages["/b"] = Reply(status=302, headers={"Location": "/a"})
    assert "in a circle" in reason(site, "/a")
    assert site.asked == ["/a", "/b"]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "http://[/", ""])
def test_a_redirect_away_from_the_web_is_refused(site, location):
    site.pages["/a"] = Reply(status=302, headers={"Location": location})
    assert "redirected to" in reason(site, "/a")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/secret",
        "http://localhost:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_into_a_private_network_is_refused(site, location):
    site.pages["/a"] = Reply(status=302, headers={"Location": location.format(port=site.port)})
    site.pages["/secret"] = Reply(b"secret")
    assert "not on the open internet" in reason(site, "/a")
    assert site.asked == ["/a"]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.1.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%1"),
        *("fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fec0::1"),
    ],
)
def test_a_name_that_leads_into_a_private_network_is_refused(site, address):
    with (
        fetcher(resolve=lambda host, port: ["93.184.215.14", address]) as one,
        pytest.raises(FetchError, match=r"not on the open internet; .* fetch\.allow_hosts"),
    ):
        one.fetch("http://news.example.org/story")
    assert not is_public(address)


SPECIAL = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
    224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
    ::/128 ::1/128 ::ffff:10.0.0.0/104 64:ff9b::10.0.0.0/104 64:ff9b:1::/48 100::/64 100:0:0:1::/64
    2001:2::/48 2001:10::/28 2001:db8::/32 2002:a00::/24 2002:7f00::/24 3fff::/20 5f00::/16 fc00::/7
    fe80::/10 fec0::/10 ff00::/8 ::127.0.0.0/104 ::ffff:0:127.0.0.0/104
""".split()
"""IANA's registries of special-purpose addresses: those that are not globally reachable."""


@pytest.mark.parametrize("range_", SPECIAL)
def test_no_address_of_a_special_range_is_public(range_):
    network = ip_network(range_)
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        assert not is_public(str(address)), address


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433"),
        *("017700000001", "127.0.0.1.", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]"),
        *("[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[fe80::1%25lo]"),
        *(
            "１２７.０.０.１",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "localhost",
            "LOCALHOST",
            "169.254.169.254",
        ),
    ],
)
def test_no_way_of_writing_this_machine_is_fetched(site, host):
    site.pages["/"] = Reply(b"secret")
    with fetcher(allow_hosts=(), timeout=20) as one, pytest.raises(FetchError):
        one.fetch(f"http://{host}:{site.port}/")
    assert site.asked == []


@pytest.mark.parametrize("there", ["10.0.0.1", "127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"])
def test_the_name_that_a_redirect_leads_to_is_looked_up_and_checked_too(site, there):
    site.pages["/a"] = Reply(
        status=302, headers={"Location": site.url("/secret", host="inside.test")}
    )
    site.pages["/secret"] = Reply(b"secret")
    known = {"site.test": ["127.0.0.1"], "inside.test": [there]}
    with (
        fetcher(resolve=lambda host, port: known[host], allow_hosts=["site.test"]) as one,
        pytest.raises(FetchError, match=r"inside\.test.*not on the open internet"),
    ):
        one.fetch(site.url("/a", host="site.test"))
    assert site.asked == ["/a"]


@given(st.ip_addresses(v=4))
def test_a_wrapped_address_is_judged_by_what_it_wraps(address):
    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert is_public(f"64:ff9b::{address}") == is_public(str(address))


def test_the_connection_goes_to_the_address_that_was_checked(site):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    site.pages["/"] = Reply(b"hello")
    with fetcher(resolve=lambda host, port: next(answers), allow_hosts=["site.test"]) as one:
        for _ in range(2):  # the second over the connection at hand: nothing is looked up again
            assert one.fetch(site.url("/", host="site.test")).data == b"hello"
    assert site.headers["/"]["Host"] == f"site.test:{site.port}"
    assert next(answers) == ["127.0.0.2"]


def test_the_next_address_is_tried_where_the_first_does_not_answer(site):
    site.pages["/"] = Reply(b"hello")
    with fetcher(resolve=lambda *_: ["::1", "127.0.0.1"], allow_hosts=["site.test"]) as one:
        assert one.fetch(site.url("/", host="site.test")).data == b"hello"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://example.org/a",
            "file:///etc/passwd",
            "https://",
            "http:///x",
            "https:example.org",
        ),
        *("http://exa mple.org/", "http://example.org:99999/", "http://[::1", "http://a\x00b/"),
    ],
)
def test_what_is_no_web_address_is_refused(url):
    with fetcher() as one, pytest.raises(FetchError) as failed:
        one.fetch(url)
    assert ";" in failed.value.reason


@given(st.text(), st.sampled_from(["", "http://", "https://", "http://[", "http://a.test:"]))
def test_no_address_makes_fetching_fail_otherwise(text, start):
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with fetcher(resolve=unknown) as one, pytest.raises(FetchError):
        one.fetch(start + text)


def test_an_address_with_a_password_is_refused_and_not_sent(site):
    with fetcher() as one, pytest.raises(FetchError, match="user name"):
        one.fetch(f"http://me:word@127.0.0.1:{site.port}/")
    assert site.asked == []


def test_a_name_that_is_not_known(site):
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with fetcher(resolve=unknown) as one, pytest.raises(FetchError, match=r"nowhere\.test.*DNS"):
        one.fetch("https://nowhere.test/")


def test_a_look_up_that_takes_too_long(site):
    def slow(host: str, port: int) -> list[str]:
        site.stopping.wait(3)
        return ["127.0.0.1"]

    began = time.monotonic()
    assert "within 0.2 s" in reason(site, resolve=slow, timeout=0.2)
    assert time.monotonic() - began < 2


def test_a_refused_connection(site):
    with fetcher() as one, pytest.raises(FetchError, match="refuses connections"):
        one.fetch("http://127.0.0.1:1/")


def test_a_server_without_tls(site):
    with fetcher() as one, pytest.raises(FetchError, match=r"\(TLS\); is it an http:// address"):
        one.fetch(f"https://127.0.0.1:{site.port}/")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "is not there (404)"),
        (410, "is not there (410)"),
        (403, "save the page"),
        (401, "save the page"),
        (451, "save the page"),
        (500, "failed on its side"),
        (503, "too busy"),
        (204, "not with a page"),
    ],
)
def test_other_answers_are_told_in_words(site, status, words):
    site.pages["/"] = Reply(b"", status)
    assert words in reason(site)


def test_too_large_as_it_says(site):
    site.pages["/"] = Reply(b"x" * 1001)
    assert "larger than 1,000 bytes; raise fetch.max_bytes" in reason(site, max_bytes=1000)


def test_too_large_without_saying(site):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while not site.stopping.is_set():
            handler.wfile.write(b"x" * 1000)

    site.pages["/"] = endless
    assert "larger than 50,000 bytes" in reason(site, max_bytes=50_000)


def test_a_small_answer_that_unpacks_to_a_large_one(site):
    bomb = gzip.compress(b"\0" * 30_000_000, mtime=0)
    site.pages["/"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    assert len(bomb) < 50_000
    assert "larger than 50,000 bytes" in reason(site, max_bytes=50_000)


def test_a_packed_answer_is_unpacked(site):
    text = bytes(range(256)) * 400
    site.pages["/"] = Reply(gzip.compress(text, mtime=0), headers={"Content-Encoding": "gzip"})
    with fetcher(max_bytes=len(text)) as one:
        assert one.fetch(site.url()).data == text
    assert site.headers["/"]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "packed", "words"),
    [
        (b"not packed at all", "gzip", "cannot be unpacked"),
        (gzip.compress(b"hello" * 99, mtime=0)[:-12], "gzip", "broke off"),
        (b"whatever", "br", "packed as br"),
    ],
)
def test_badly_packed_answers(site, body, packed, words):
    site.pages["/"] = Reply(body, headers={"Content-Encoding": packed})
    assert words in reason(site)


def drip(site: Site, before: bytes):
    def answer(handler) -> None:
        handler.wfile.write(before)
        while not site.stopping.wait(0.05):
            handler.wfile.write(b"x")

    return answer


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_a_slow_drip_ends_at_the_deadline(site, before):
    site.pages["/"] = drip(site, before)
    began = time.monotonic()
    assert "did not answer within 0.4 s" in reason(site, timeout=0.4)
    assert time.monotonic() - began < 2


def test_a_server_that_says_nothing(site):
    site.pages["/"] = lambda handler: site.stopping.wait(3)
    assert "within 0.3 s" in reason(site, timeout=0.3)


def test_an_answer_that_breaks_off(site):
    site.pages["/"] = lambda handler: handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    )
    assert "broke off" in reason(site)


def test_an_answer_that_is_no_http(site):
    site.pages["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    assert "broke off" in reason(site)


def busy_once(site: Site, status: int, wait: str) -> None:
    def answer(handler) -> None:
        site.pages["/"] = Reply(b"hello")
        handler._reply(Reply(b"", status, headers={"Retry-After": wait}))

    site.pages["/"] = answer


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_pause_it_names(site, status):
    busy_once(site, status, "2")
    pauses: list[float] = []
    with fetcher(pause=pauses.append) as one:
        assert one.fetch(site.url()).data == b"hello"
    assert pauses == [2.0]


def test_a_pause_may_be_given_as_a_date(site):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    busy_once(site, 503, soon)
    pauses: list[float] = []
    with fetcher(pause=pauses.append) as one:
        assert one.fetch(site.url()).data == b"hello"
    assert 0 < pauses[0] <= 3


@pytest.mark.parametrize(("status", "wait"), [(503, "3600"), (503, ""), (500, "1"), (429, "soon")])
def test_other_failures_are_not_asked_again(site, status, wait):
    site.pages["/"] = Reply(b"", status, headers={"Retry-After": wait})
    pauses: list[float] = []
    reason(site, pause=pauses.append)
    assert (pauses, site.asked) == ([], ["/"])


def test_a_server_that_stays_busy_is_given_up(site):
    site.pages["/"] = Reply(b"", 503, headers={"Retry-After": "1"})
    pauses: list[float] = []
    assert "too busy" in reason(site, pause=pauses.append)
    assert len(site.asked) == len(pauses) + 1 == 3


def test_a_host_is_let_rest_between_requests(site):
    site.pages["/"] = Reply(b"hello")
    pauses: list[float] = []
    with fetcher(pause=pauses.append, delay=10) as one:
        one.fetch(site.url())
        assert pauses == []
        one.fetch(site.url())
    assert 9 < pauses[0] <= 10


ROBOTS = (
    b"User-agent: *\nDisallow: /closed/\nCrawl-delay: 3\n\nUser-agent: Newsdesk\nDisallow: /no/\n"
)


def test_robots_txt_is_heeded_where_nobody_asked_for_the_very_page(site):
    site.pages |= {path: Reply(b"hello") for path in ("/no/a", "/closed/a", "/a")}
    site.pages["/robots.txt"] = Reply(ROBOTS, media="text/plain")
    with fetcher() as one:
        assert one.fetch(site.url("/no/a")).data == b"hello"
        assert one.fetch(site.url("/closed/a"), crawl=True).data == b"hello"
        with pytest.raises(FetchError, match=r"closed to programs by its robots\.txt"):
            one.fetch(site.url("/no/a"), crawl=True)
    assert site.asked.count("/robots.txt") == 1
    with fetcher(robots=False) as one:
        assert one.fetch(site.url("/no/a"), crawl=True).data == b"hello"


def test_robots_txt_holds_for_where_a_page_is_redirected_to(site):
    site.pages["/robots.txt"] = Reply(ROBOTS, media="text/plain")
    site.pages["/a"] = Reply(status=302, headers={"Location": "/no/a"})
    with fetcher() as one, pytest.raises(FetchError, match="closed to programs"):
        one.fetch(site.url("/a"), crawl=True)
    assert site.asked == ["/robots.txt", "/a"]


def test_the_pause_that_robots_txt_asks_for_is_made(site):
    site.pages |= {path: Reply(b"hello") for path in ("/a", "/b")}
    site.pages["/robots.txt"] = Reply(b"User-agent: *\nCrawl-delay: 3\nDisallow:\n")
    pauses: list[float] = []
    with fetcher(pause=pauses.append) as one:
        one.fetch(site.url("/a"), crawl=True)
        one.fetch(site.url("/b"), crawl=True)
    assert 2 < pauses[-1] <= 3


@pytest.mark.parametrize(("status", "open_to_all"), [(404, True), (403, True), (500, False)])
def test_robots_txt_that_is_missing_or_out_of_order(site, status, open_to_all):
    site.pages |= {"/a": Reply(b"hello"), "/robots.txt": Reply(b"", status)}
    with fetcher() as one:
        if open_to_all:
            assert one.fetch(site.url("/a"), crawl=True).data == b"hello"
            return
        with pytest.raises(FetchError, match=r"robots\.txt cannot be read: failed on its side"):
            one.fetch(site.url("/a"), crawl=True)


def test_a_host_that_is_down_is_not_waited_for_again_and_again(site):
    site.pages["/robots.txt"] = Reply(b"")
    for number in range(5):
        site.pages[f"/{number}"] = lambda handler: site.stopping.wait(3)
    said: list[str] = []
    with fetcher(timeout=0.2) as one:
        for number in range(5):
            with pytest.raises(FetchError) as failed:
                one.fetch(site.url(f"/{number}"), crawl=True)
            said.append(failed.value.reason)
    assert site.asked == ["/robots.txt", "/0", "/1", "/2"]
    assert "did not answer 3 times in a row" in said[3] == said[4]


def test_proxies_of_the_environment_are_not_used(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    site.pages["/"] = Reply(b"hello")
    with fetcher() as one:
        assert one.fetch(site.url()).data == b"hello"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for site.test and its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=site.test"
    command += " -addext subjectAltName=DNS:site.test -keyout key -out certificate"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both"
    both.write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return both


@pytest.fixture
def safe_site(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    names: list[str | None] = []
    tls.sni_callback = lambda socket, name, context: names.append(name)
    with Site({"/": Reply(b"hello")}, tls) as site:
        site.names = names
        yield site


def test_a_safe_connection_is_held_against_the_name_not_the_address(safe_site, certificate):
    trust = ssl.create_default_context(cafile=certificate)
    with fetcher(resolve=to_here, allow_hosts=["site.test", "other.test"], trust=trust) as one:
        assert one.fetch(f"https://site.test:{safe_site.port}/").data == b"hello"
        with pytest.raises(FetchError, match="certificate that cannot be trusted"):
            one.fetch(f"https://other.test:{safe_site.port}/")
    assert safe_site.names == ["site.test", "other.test"]


def test_a_certificate_that_nobody_vouches_for_is_refused(safe_site):
    with (
        fetcher(resolve=to_here, allow_hosts=["site.test"]) as one,
        pytest.raises(FetchError, match=r"certificate that cannot be trusted \(self-signed"),
    ):
        one.fetch(f"https://site.test:{safe_site.port}/")
    assert safe_site.asked == []


@pytest.mark.parametrize("given", ["a.test, b.test", ("a.test", "b.test")])
def test_hosts_may_be_given_as_one_text(given):
    assert FetchSettings(allow_hosts=given).allow_hosts == ("a.test", "b.test")

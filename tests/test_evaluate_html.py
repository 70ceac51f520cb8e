import itertools
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher
from lxml import html

from rag.errors import CorpusError, SettingsError
from rag.evaluate import Case, EvidenceQuote, Record, Run, run
from rag.evaluate import html_report as html_module
from rag.evaluate.charts import charts, rank_shares, recall_curve, refusal_curves
from rag.evaluate.command import report_files, run_sets
from rag.evaluate.explain import STATUSES, evidence_rank, quotes_in, status, trouble
from rag.evaluate.html_report import html_report, save_report, shown
from rag.evaluate.metrics import Score
from rag.evaluate.verdicts import Judgement, Verdict, key
from rag.schema import Citation, Passage, Sentence, Turn
from rag.schema import Verdict as Support

HOSTILE = (
    "</script><script>window.owned=1</script><img src=http://evil.test/x onerror='owned=1'>"
    '" onmouseover="owned=1" <svg/onload=owned=1> {{ 7*7 }} {% raw %} ${x} ]]> --> &lt;b&gt; '
    "javascript:owned=1 \u202egnp.exe \u200bzero \ufeff \U000e0041 \x00\x1b \ud800 </title></style>"
    "<a href='javascript:owned=1'>x</a><base href=//evil.test><meta http-equiv=refresh content=0>"
)


def passage(rank=1, article_id="fab", text="text", **facts):
    return Passage(
        rank=rank,
        score=0.5,
        article_id=article_id,
        chunk_id=f"{article_id}-{rank}",
        start=0,
        end=len(text),
        text=text,
        **facts,
    )


def answer(text="It cost 12 billion crowns.", **more):
    return {
        "question": "",
        "answer": text,
        "abstained": False,
        "reason": "",
        "sentences": [],
        "citations": [],
        "left_out": [],
        "timings": {},
        "notice": "",
        "query": "",
    } | more


COST = Case(
    id="cost",
    question="What did it cost?",
    answer=("12 billion", ("crowns", "kr")),
    evidence=(EvidenceQuote("fab", "It cost 12 billion crowns."),),
    tags=("single",),
)
NONE = Case(id="cup", question="Who won a cup?", answer=None)


def made(*records, ran=("retrieve", "answer"), **about):
    return Run(dataset="tiny", fingerprint="f", records=records, ran=ran, top_k=10, about=about)


def parsed(page):
    return html.document_fromstring(page)


def select(tree, selector):
    """What a selector of tags, classes and ids finds: `.tiles li`, `#case-1 .badge`, `h1, h2`."""
    paths = []
    for alternative in selector.split(", "):
        path = "."
        for step in alternative.split():
            tag, kind, name = re.fullmatch(r"(\w*)([.#]?)([\w-]*)", step).groups()
            found = {"": "", "#": f"[@id='{name}']"}.get(
                kind, f"[contains(concat(' ', @class, ' '), ' {name} ')]"
            )
            path += f"//{tag or '*'}{found}"
        paths.append(path)
    return tree.xpath(" | ".join(paths))


def words(element):
    return " ".join(element.text_content().split())


@pytest.fixture(scope="module")
def tiny():
    return run(DATASET, FakeAssistant(), about={"settings": {"answer": {"abstain_below": 0.5}}})


# In words ---------------------------------------------------------------------------------------


def test_what_went_wrong_is_told_in_words():
    found, other = passage(2), passage(1, "tea")
    cited = [{"article_id": "tea", "number": 1}]
    wrong = Record(
        case=COST,
        passages=(other, found),
        answer=answer("About 9 billion kr [1]", citations=cited),
        outcome="retrieved but not used",
    )
    assert trouble(wrong) == [
        "The answer lacks “12 billion”.",
        "Retrieved but not cited: fab (rank 2).",
    ]
    lost = replace(wrong, passages=(other,), outcome="not retrieved")
    assert trouble(lost)[0] == (
        "None of the articles that hold the evidence is among the 1 passages that were retrieved: "
        "fab."
    )
    declined = replace(wrong, answer=answer("", abstained=True, likely=0.412))
    assert trouble(declined, 0.55)[0] == (
        "The question was declined, though the articles answer it (held to be 0.41 likely to be "
        "answered; the threshold is 0.55)."
    )
    eager = Record(case=NONE, answer=answer(), outcome="should have abstained")
    assert trouble(eager) == ["The articles do not answer this question, yet it was answered."]
    broken = Record(case=COST, errors={"answer": "ModelError: out"}, outcome="failed")
    assert trouble(broken) == ["Answer failed. ModelError: out"]
    unsupported = replace(
        wrong,
        answer=answer("12 billion kr", citations=[{"article_id": "fab", "number": 1}]),
        unsupported=({"text": "In 2031.", "words": ["2031"]}, {"text": "Yes.", "words": []}),
        outcome="unsupported",
    )
    assert trouble(unsupported) == ["No citation holds 2031 of “In 2031.”.", "Uncited: “Yes.”"]


def test_a_right_case_has_no_trouble_but_a_notice(tiny):
    cost = tiny.records[0]
    assert (status(cost), trouble(cost)) == ("right", [])
    told = replace(cost, answer=cost.answer | {"notice": "the model is away"})
    assert trouble(told) == ["The reader was told: the model is away"]


def test_runs_of_retrieval_alone_have_a_status_too():
    two = replace(COST, evidence=(*COST.evidence, EvidenceQuote("law", "x")))
    assert status(Record(case=COST, passages=(passage(),))) == "found"
    assert status(Record(case=two, passages=(passage(),))) == "partly found"
    assert status(Record(case=COST, passages=(passage(1, "tea"),))) == "not retrieved"
    assert status(Record(case=NONE, passages=(passage(),))) == "not judged"
    assert status(Record(case=COST, errors={"retrieve": "x"})) == "failed"


def test_quotes_are_found_in_the_passages_of_their_article_only():
    text = "Said so. It cost 12 billion crowns. It cost 12 billion crowns."
    assert quotes_in(COST, passage(text=text)) == [(9, 35)]
    assert quotes_in(COST, passage(article_id="tea", text=text)) == []
    overlapping = replace(
        COST, evidence=(EvidenceQuote("fab", "cost 12"), EvidenceQuote("fab", "12 billion"))
    )
    assert quotes_in(overlapping, passage(text=text)) == [(12, 27)]


# Curves -----------------------------------------------------------------------------------------


def test_ranks_are_those_of_articles_not_of_passages():
    record = Record(case=COST, passages=(passage(1, "tea"), passage(2, "tea"), passage(3, "fab")))
    assert evidence_rank(record) == 2
    assert evidence_rank(replace(record, passages=())) is None
    shares = dict(rank_shares([1, 1, 3, 12, None]))
    assert shares == {**{str(rank): 0.0 for rank in range(1, 11)}, "1": 0.4, "3": 0.2, "none": 0.4}


def test_the_recall_curve_is_the_metric_at_each_depth():
    two = replace(COST, evidence=(*COST.evidence, EvidenceQuote("law", "x")))
    record = Record(case=two, passages=(passage(1, "fab"), passage(2, "tea"), passage(3, "law")))
    assert recall_curve([record, replace(record, passages=())]) == [0.25, 0.25, *[0.5] * 8]
    assert recall_curve([]) == []


def test_a_threshold_trades_refusals_for_answers():
    def asked(case, likely):
        return Record(case=case, answer=answer(likely=likely))

    records = [asked(COST, 0.9), asked(COST, 0.4), asked(NONE, 0.3), asked(NONE, 0.6)]
    curve = {step: (declined, answered) for step, declined, answered in refusal_curves(records)}
    assert curve[0.0] == (0.0, 1.0)
    assert curve[0.3] == (0.0, 1.0)  # declined under it, not at it
    assert curve[0.5] == (0.5, 0.5)
    assert curve[1.0] == (1.0, 0.0)
    assert refusal_curves([asked(COST, 0.9)]) == []
    assert refusal_curves([Record(case=COST, answer=answer()), asked(NONE, 0.1)]) == []


def test_charts_hold_no_words_of_others_and_no_address(tiny):
    hostile = replace(tiny, dataset=HOSTILE, about={"settings": HOSTILE})
    drawn = charts([("A", hostile), ("B", tiny)])
    assert [chart.title for chart in drawn][:2] == [
        "Rank of the first evidence article",
        "Recall by depth",
    ]
    ids = [name for chart in drawn for name in re.findall(r'\bid="([^"]+)"', chart.svg)]
    assert len(ids) == len(set(ids)) > 0
    for chart in drawn:
        assert "evil" not in chart.svg + chart.note
        assert set(re.findall(r"https?://[^\"]+", chart.svg)) <= {
            "http://www.w3.org/1999/xlink",
            "http://www.w3.org/2000/svg",
        }
        assert set(re.findall(r'href="([^"]*)"', chart.svg)) <= {f"#{name}" for name in ids}


# The page ---------------------------------------------------------------------------------------


def test_the_page_shows_figures_cases_and_what_produced_them(tiny):
    page = parsed(html_report([tiny]))
    assert page.xpath("//h1/text()") == ["tiny"]
    tiles = {words(item.find("h3")): words(item.find("p")) for item in select(page, ".tiles li")}
    assert tiles["Recall@5"] == "1.000"
    assert tiles["Answer containment"] == "0.667"
    cases = select(page, "details.case")
    assert [words(select(case, ".asked")[0]) for case in cases] == [
        case.question for case in DATASET.cases
    ]
    both = cases[2]
    assert words(select(both, ".badge")[0]) == tiny.records[2].outcome
    assert "“Port Ash”, and “Sudmark”" in words(both)
    assert "The answer lacks “Port Ash”, “Sudmark”." in words(select(both, ".trouble")[0])
    assert [words(mark) for mark in select(cases[0], ".passages mark")] == [
        "It cost 12 billion crowns."
    ]
    assert "cited [1]" in words(select(cases[0], ".passages")[0])
    assert "0.5" in words(page.get_element_by_id("origin"))
    assert "abstain_below" in words(page.get_element_by_id("origin"))


def test_two_runs_stand_side_by_side(tiny):
    worse = run(DATASET, FakeSearcher(fail_on={DATASET.cases[0].question}), answer=False)
    page = parsed(html_report([tiny, worse], ["old.json", "new.json"]))
    assert {"old.json", "new.json"} <= {words(item) for item in select(page, ".runs strong")}
    recall = next(row for row in select(page, ".metrics tr") if words(row).startswith("Recall@5"))
    cells = [words(cell) for cell in recall.findall("td")]
    assert (cells[0], cells[2], cells[4]) == ("1.000", "1.000", "0")
    badges = [words(item) for item in select(page, "#case-1 .badge")]
    assert badges == ["A right", "B failed"]
    assert page.get_element_by_id("differs") is not None
    assert "data-differs" in page.get_element_by_id("case-1").attrib


def test_runs_of_two_sets_have_cases_of_both(tiny):
    other = run(replace(DATASET, name="other"), FakeSearcher(), answer=False)
    page = parsed(html_report([tiny, other]))
    assert len(select(page, "details.case")) == 8
    assert len(select(page, ".result")) == 8


def test_a_page_on_empty_and_failed_runs():
    nothing = Record(case=COST, errors={"retrieve": "x", "answer": "y"}, outcome="failed")
    page = parsed(html_report([made(nothing), made(ran=("retrieve",))]))
    assert words(select(page, "#case-1 .badge")[0]) == "A failed"
    assert "1 failed to answer; not scored" in words(select(page, ".runs")[0])
    with pytest.raises(SettingsError, match="at least one run"):
        html_report([])


def test_the_page_is_accessible(tiny):
    page = parsed(html_report([tiny, tiny]))
    assert page.xpath("//html/@lang") == ["en"]
    for name in ("header", "main", "nav", "footer", "h1"):
        assert len(page.findall(f".//{name}")) == 1
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for target in page.xpath("//nav/a/@href | //a[@class='skip']/@href"):
        assert target.removeprefix("#") in ids
    for labelled in page.xpath("//@aria-labelledby"):
        assert labelled in ids
    for table in page.iter("table"):
        assert table.xpath(".//thead//th[@scope='col']")
        assert all(
            row.xpath(".//th") for row in table.xpath(".//tbody[not(@hidden)]//tr[@class='first']")
        )
    levels = [int(item.tag[1]) for item in select(page, "h1, h2, h3, h4")]
    assert all(after - before <= 2 for before, after in itertools.pairwise(levels))
    for field in select(page, "input, select"):
        assert field.getparent().tag == "label"


def test_the_report_is_written_beside_the_run_and_by_name(tmp_path):
    DATASET.save(tmp_path / "tiny.jsonl")
    run_sets([tmp_path / "tiny.jsonl"], FakeAssistant(), out=tmp_path / "runs")
    assert "What did it cost in crowns?" in (tmp_path / "runs/report.html").read_text()
    report_files([tmp_path / "runs"], tmp_path / "deep/other.html")
    assert (tmp_path / "deep/other.html").is_file()
    with pytest.raises(CorpusError, match="no run is saved"):
        report_files([tmp_path / "deep"], tmp_path / "x.html")
    with pytest.raises(CorpusError, match="there is no such run"):
        report_files([tmp_path / "none.json"], tmp_path / "x.html")
    with pytest.raises(CorpusError, match="cannot be written"):
        report_files([tmp_path / "runs"], tmp_path / "runs/report.html/x.html")


# Hostile text -----------------------------------------------------------------------------------


def hostile_run(text=HOSTILE):
    """A run that says `text` wherever a run can say anything."""
    citation = Citation(
        number=1, article_id=text, title=text, publisher=text, published=text,
        url="javascript:owned=1", start=0, end=4, quote=text,
    ).to_dict()  # fmt: skip
    sentence = Sentence(text=text, verdict=Support.QUOTED, citations=(1,)).to_dict()
    left_out = sentence | {"failed": [{"check": text, "words": [text]}]}
    said = answer(
        text, reason=text, query=text, notice=text, sentences=[sentence], citations=[citation],
        left_out=[left_out], timings={text: 1.0}, likely=0.5,
    )  # fmt: skip
    case = Case(
        id=text, question=text, answer=(text, (text, "x")),
        history=(Turn(question=text, answer=text),),
        evidence=(EvidenceQuote(text, text),), tags=(text,),
    )  # fmt: skip
    found = passage(
        article_id=text, text=f"{text} {text}", title=text, publisher=text, published=text,
        url="https://ok.test/?a=1&b=\"><script>",
    )  # fmt: skip
    records = (
        Record(
            case=case, passages=(found, replace(found, rank=2, url="https://ok.test/?a=1&b=2")),
            answer=said, seconds={text: 1.0, "answer": 1.0}, errors={text: text},
            scores={"containment": Score(0.0)}, outcome="wrong",
            unsupported=({"text": text, "words": [text]}, {"text": text, "words": []}),
        ),
        Record(
            case=replace(case, id="declined", answer=None), outcome="right",
            answer=answer(text, abstained=True, reason=text, likely=0.2),
        ),
    )  # fmt: skip
    about = {text: {text: text}, "model": text, "embedder": text, "settings": {text: [text]}}
    return Run(
        dataset=text, fingerprint=text, records=records, ran=("retrieve", "answer"), top_k=10,
        about=about, started=text,
    )  # fmt: skip


@cache
def hostile_page(text=HOSTILE):
    hostile = hostile_run(text)
    record = hostile.records[0]
    verdict = Verdict(
        case_id=record.case.id, key=key(record), correct=False, reason=text,
        supported=(False,), reasons=(text,), errors={text: text},
    )  # fmt: skip
    judge = {"model": text, "endpoint": text, "prompts": {text: text}}
    said = Judgement(judge=judge, verdicts=(verdict,))
    return html_report([hostile, hostile], [text, text], [said, None])


def shape(page):
    """Every element with its attributes, but for the values that are figures of the run."""
    return [
        (item.tag, sorted(name for name in item.attrib))
        for item in parsed(page).iter()
        if isinstance(item.tag, str)
    ]


def test_hostile_text_stays_text():
    page = hostile_page()
    assert shape(page) == shape(hostile_page("plain words"))
    tree = parsed(page)
    assert len(tree.xpath("//script")) == len(tree.xpath("//style")) == 1
    assert not tree.xpath("//img | //base | //iframe | //object | //embed | //@onerror | //@onload")
    assert not [name for item in tree.iter() for name in item.attrib if name.startswith("on")]
    assert "window.owned" not in tree.xpath("string(//script)")
    assert tree.text_content().count("<script>window.owned=1</script>") > 40


def test_only_plain_web_addresses_become_links():
    tree = parsed(hostile_page())
    links = tree.xpath("//main//a[not(starts-with(@href, '#'))]")
    assert {link.get("href") for link in links} == {"https://ok.test/?a=1&b=2"}
    assert {link.get("rel") for link in links} == {"noopener noreferrer nofollow"}


def test_nothing_can_load_and_one_script_can_run():
    import base64
    import hashlib

    tree = parsed(hostile_page())
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    script = tree.xpath("string(//script)").encode()
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        f"script-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    sources = tree.xpath("//@src | //@srcset | //link/@href | //@action | //@data")
    assert sources == ["data:,"]
    assert "url(" not in tree.xpath("string(//style)")


def test_hidden_characters_are_spelt_out():
    page = hostile_page()
    assert not set(page) & set("\u202e\u200b\ufeff\U000e0041\x00\x1b\ud800")
    assert "[U+202E]gnp.exe [U+200B]zero" in page
    assert shown("naïve “quote” 語\n\t") == "naïve “quote” 語\n\t"
    assert shown("👩\u200d🚀 نمی\u200cخواهم") == "👩\u200d🚀 نمی\u200cخواهم"
    assert shown("pay\u200dpal") == "pay[U+200D]pal"
    assert shown(3) == 3


def test_a_page_is_utf8_whatever_it_holds(tmp_path):
    save_report(tmp_path / "r.html", [hostile_run()])
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


# In a browser -----------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_browser_loads_nothing_runs_nothing_and_filters(tmp_path, tiny):
    from chromium import opened_browser

    (tmp_path / "hostile.html").write_text(hostile_page(), encoding="utf-8")
    save_report(tmp_path / "tiny.html", [tiny])
    with opened_browser() as browser:
        page = browser.new_page()
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        address = (tmp_path / "hostile.html").as_uri()
        page.goto(address)
        page.locator("#open").click()
        page.locator("details.case").first.hover()
        assert page.evaluate("typeof window.owned") == "undefined"
        assert page.evaluate("document.scripts.length") == 1
        assert [url for url in asked if url != address and not url.startswith("data:")] == []
        assert said == []

        page.goto((tmp_path / "tiny.html").as_uri())
        cases = page.locator("details.case:visible")
        assert cases.count() == 4
        page.locator("#search").fill("tin ACT sudmark")
        assert cases.count() == 1
        assert page.locator("#count").text_content() == "1 of 4 cases"
        page.locator("#search").fill("")
        page.locator("#tag").select_option(label="single")
        assert cases.count() == 2
        page.locator("#tag").select_option("")
        page.locator("button.filter", has_text="right").click()
        assert cases.count() == sum(record.outcome == "right" for record in tiny.records)
        page.locator("button.filter", has_text="right").click()
        page.goto(f"{(tmp_path / 'tiny.html').as_uri()}#case-2")
        assert page.locator("#case-2 .answer, #case-2 .result").first.is_visible()
        save_report(tmp_path / "two.html", [tiny, tiny], ["a" * 90, "b"])
        for name, width in itertools.product(("tiny", "two", "hostile"), (1280, 390)):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto((tmp_path / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_outcome_is_a_status():
    from rag.evaluate.runner import OUTCOMES

    assert set(OUTCOMES) <= set(STATUSES)
    assert json.dumps(STATUSES)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *itertools.product(("ink", "quiet", "accent", "bad"), ("paper", "raised", "tint")),
        *((name, f"{name}-tint") for name in ("good", "fair", "bad", "failed")),
        ("ink", "marked"),
        ("ink", "bad-tint"),
        *(("paper", f"run-{place}") for place in range(6)),
    ],
)
def test_text_stands_out_from_its_ground(ink, ground):
    """WCAG 2.2 AA: a contrast of 4.5 to 1, in light and dark."""
    style = (Path(html_module.__file__).parent / "templates" / "report.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", style))
    for one, other in zip(colours[ink].split(", "), colours[ground].split(", "), strict=True):
        lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

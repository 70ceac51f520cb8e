// Opens citations in the source panel, and gives the page its keys.
// All text is made by the server; this file fetches, shows and moves the focus.
(() => {
  "use strict";
  const _ = (text, values = {}) =>
    Object.entries(values).reduce(
      (told, [name, value]) => told.replace(`{${name}}`, value),
      window.newsdeskWords?.[text] ?? text,
    );
  const narrow = window.matchMedia("(max-width: 63.99rem)");
  const byId = (id) => document.getElementById(id);

  // ------------------------------------------------------------ the source panel
  const panel = document.createElement("dialog");
  panel.id = "source-panel";
  panel.setAttribute("aria-label", _("Source of the citation"));
  panel.innerHTML = `
    <div class="tools">
      <button type="button" class="previous" aria-label="${_("Previous citation")}">‹</button>
      <span class="place" role="status"></span>
      <button type="button" class="next" aria-label="${_("Next citation")}">›</button>
      <button type="button" class="mark right" aria-label="${_("This source is right")}" hidden>✓</button>
      <button type="button" class="mark wrong" aria-label="${_("This source is wrong")}" hidden>✗</button>
      <button type="button" class="close" aria-label="${_("Close the source")}">×</button>
    </div>
    <div class="content" tabindex="0"></div>`;
  document.body.append(panel);
  const part = (name) => panel.querySelector("." + name);

  // While an answer grows, the links of its earlier citations gain ranges to mark lighter:
  // what tells citations apart is the part before those.
  const key = (link) => link.getAttribute("href").split(/&(?:also|copy)=|#/)[0];
  const all = () => [...document.querySelectorAll("a.cite, a.cite-title")];

  let current = null; // the key of the citation that is open
  let clicked = null; // its link; the same passage may be cited by several answers
  let asked = 0; // the newest request wins

  // The citations that belong together: those of an answer, or a list of passages.
  const group = (link) => {
    const scope =
      link.closest(".passages") || link.closest(".turn")?.querySelector(".answer");
    const links = scope ? [...scope.querySelectorAll("a.cite, .passages a.cite-title")] : [];
    return [...new Map(links.map((each) => [key(each), each])).values()];
  };
  const opened = () => {
    const same = all().filter((each) => key(each) === current);
    return same.includes(clicked) ? clicked : same.at(-1);
  };

  const mark = () => {
    all().forEach((each) => {
      if (key(each) === current) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    });
  };

  const place = () => {
    const link = opened();
    const links = link ? group(link) : [];
    const at = links.findIndex((each) => key(each) === current);
    const single = at < 0 || links.length < 2;
    part("tools").classList.toggle("single", single);
    part("place").textContent = single
      ? _("Source")
      : _("{at} of {of}", { at: at + 1, of: links.length });
    part("previous").disabled = at <= 0;
    part("next").disabled = at < 0 || at >= links.length - 1;
    return { links, at };
  };

  const fetchSource = async (href) => {
    try {
      const response = await fetch(href.split("#")[0], { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const source = page.querySelector("article.source");
      if (source) return document.importNode(source, true);
    } catch {
      // told below
    }
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.textContent = _("The server cannot be reached. Is Newsdesk still running?");
    return problem;
  };

  const open = async (link) => {
    const request = ++asked;
    current = key(link);
    clicked = link;
    mark();
    const source = await fetchSource(link.getAttribute("href"));
    if (request !== asked) return;
    part("content").replaceChildren(source);
    if (!panel.open) {
      if (narrow.matches) panel.showModal();
      else panel.show();
    }
    place();
    const judged = document.querySelector("#machinery.marks") && link.closest(".answer");
    panel.querySelectorAll(".mark").forEach((button) => {
      button.hidden = !judged;
      button.setAttribute("aria-pressed", "false");
    });
    part("content").focus({ preventScroll: true });
    part("content").scrollTop = 0;
    source.querySelector("mark.cited")?.scrollIntoView({ block: "center" });
  };

  const step = (by) => {
    const { links, at } = place();
    const next = links[at + by];
    if (at >= 0 && next) open(next);
  };

  // What the reader thinks of this one citation goes to the server, which says what became of it.
  const judge = (button) => {
    const link = opened();
    if (!link) return;
    panel.querySelectorAll(".mark").forEach((each) => {
      each.setAttribute("aria-pressed", String(each === button));
    });
    window.newsdesk.wish({
      kind: "mark",
      number: Number(link.closest(".turn").id.replace("turn-", "")),
      citation: Number(link.classList[1].replace("n", "")),
      right: button.classList.contains("right"),
    });
  };

  const close = () => {
    asked++;
    if (panel.open) panel.close();
    const link = opened();
    current = null;
    mark();
    if (link) link.focus({ preventScroll: true });
  };
  panel.addEventListener("close", () => {
    if (!panel.open) close(); // the browser closed it, and it was not opened again meanwhile
  });
  narrow.addEventListener("change", close);
  panel.addEventListener("click", (event) => {
    if (event.target === panel || event.target.closest(".close")) close();
    if (event.target.closest(".previous")) step(-1);
    if (event.target.closest(".next")) step(1);
    if (event.target.closest(".mark")) judge(event.target.closest(".mark"));
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cite, a.cite-title");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    open(link);
  });

  // ------------------------------------------------------------ colours of the reader's choice
  const chosen = /(?:^|; )newsdesk_appearance=(light|dark)/.exec(document.cookie)?.[1];
  if (chosen) {
    document.documentElement.dataset.appearance = chosen;
    const hold = () => document.body.classList.toggle("dark", chosen === "dark");
    new MutationObserver(() => {
      if (document.body.classList.contains("dark") !== (chosen === "dark")) hold();
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    hold();
  }

  // Gradio gives every link a tab of its own; those between the pages stay in this one.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".desk-nav a");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) link.target = "_self";
  }, true);

  // ------------------------------------------------------------ the keys
  const visible = (element) => element && element.offsetParent !== null;
  const box = () => document.querySelector("#box textarea");

  // What is not going to be answered is not sent: nothing, or a question during an answer.
  const hold = (event) => {
    // This Enter ends the writing of a word in Japanese, say; it belongs to the input method.
    if (event.isComposing) return event.stopImmediatePropagation();
    const sends =
      event.type === "click"
        ? event.target.closest?.("#send")
        : event.key === "Enter" && !event.shiftKey && event.target === box();
    if (!sends || (!visible(byId("halt")) && box().value.trim())) return undefined;
    event.preventDefault();
    return event.stopImmediatePropagation();
  };
  document.addEventListener("click", hold, true);
  document.addEventListener("keydown", hold, true);

  // Through the sources while one is open, else from number to number.
  const walk = (event, by) => {
    if (panel.open) return step(by);
    const link = event.target.closest?.(".answer a.cite");
    const links = link ? group(link) : [];
    const next = links[links.findIndex((each) => key(each) === key(link)) + by];
    if (!next) return undefined;
    event.preventDefault();
    return next.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
    const typing = event.target.closest?.("textarea, input, [contenteditable]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      box()?.focus();
    } else if (event.key === "Escape") {
      if (panel.open) close();
      else if (visible(byId("halt"))) byId("halt").click();
    } else if (!typing && event.key === "ArrowLeft") walk(event, -1);
    else if (!typing && event.key === "ArrowRight") walk(event, 1);
  });

  // ------------------------------------------------------------ while an answer comes in
  let shown = "";
  new MutationObserver(() => {
    const status = byId("status");
    if (status && !status.hasAttribute("role")) status.setAttribute("role", "status");
    const turn = document.querySelector("#newest .turn");
    if (turn && turn.id !== shown) turn.scrollIntoView({ block: "start" });
    shown = turn ? turn.id : "";
    if (current && !opened()?.hasAttribute("aria-current")) mark();
  }).observe(document.body, { childList: true, subtree: true });
})();

// The list of kept conversations: opened, searched, renamed, deleted. The server makes its rows.
(() => {
  "use strict";
  const _ = (text, values = {}) =>
    Object.entries(values).reduce(
      (told, [name, value]) => told.replace(`{${name}}`, value),
      window.newsdeskWords?.[text] ?? text,
    );
  const drawer = document.createElement("dialog");
  drawer.id = "history";
  drawer.setAttribute("aria-labelledby", "history-name");
  drawer.innerHTML = `
    <div class="head">
      <h2 id="history-name">${_("Conversations")}</h2>
      <button type="button" class="close" aria-label="${_("Close the conversations")}">×</button>
    </div>
    <label class="sr-only" for="history-words">${_("Search the conversations")}</label>
    <input id="history-words" type="search" placeholder="${_("Search")}" autocomplete="off" maxlength="300">
    <div class="list" aria-live="polite"></div>`;
  document.body.append(drawer);
  const words = drawer.querySelector("input");
  const list = drawer.querySelector(".list");
  const open = () => new URLSearchParams(location.search).get("c") || "";

  let asked = 0;
  const fill = async () => {
    const request = ++asked;
    const query = new URLSearchParams({ q: words.value, c: open() });
    try {
      const response = await fetch(`conversations?${query}`);
      const html = await response.text();
      if (request !== asked) return;
      const page = new DOMParser().parseFromString(html, "text/html");
      list.replaceChildren(...document.adoptNode(page.body).childNodes);
    } catch {
      list.textContent = _("The server cannot be reached. Is Newsdesk still running?");
    }
  };
  const post = (key, what, body) =>
    fetch(`conversations/${key}/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });

  // The title becomes a field; Enter keeps what it holds, Escape does not.
  const rename = (row) => {
    const link = row.querySelector("a.talk");
    const field = document.createElement("input");
    field.value = link.querySelector("bdi").textContent;
    field.maxLength = 120;
    field.setAttribute("aria-label", _("New title"));
    link.hidden = true;
    row.prepend(field);
    field.select();
    field.addEventListener("keydown", async (event) => {
      event.stopPropagation();
      if (event.key === "Escape") event.preventDefault();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      if (event.key === "Enter" && !event.isComposing)
        await post(row.querySelector(".rename").value, "rename", { title: field.value });
      await fill();
      words.focus();
    });
  };

  // Deleting takes two presses: the first one asks.
  const remove = async (button) => {
    if (!button.classList.contains("sure")) {
      button.classList.add("sure");
      button.textContent = _("Delete for good?");
      return;
    }
    await post(button.value, "delete", {});
    if (button.value === open()) document.getElementById("new").click();
    await fill();
    words.focus();
  };

  drawer.addEventListener("click", (event) => {
    const target = event.target;
    const link = target.closest("a.talk");
    if (target === drawer || target.closest(".close")) drawer.close();
    else if (target.closest(".rename")) rename(target.closest("li"));
    else if (target.closest(".delete")) remove(target.closest(".delete"));
    else if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      window.newsdesk.wish({
        kind: "open",
        label: new URL(link.href).searchParams.get("c"),
      });
      drawer.close();
      document.querySelector("#box textarea")?.focus();
    }
  });
  words.addEventListener("input", fill);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#talks")) return;
    drawer.showModal();
    words.value = "";
    words.focus();
    fill();
  });

  // The address names the conversation that is open, so that it can be reloaded and marked.
  let named = null;
  new MutationObserver(() => {
    const link = document.querySelector("#kept-as a");
    if (!link || link.getAttribute("href") === named) return;
    named = link.getAttribute("href");
    history.replaceState(null, "", named);
  }).observe(document.body, { childList: true, subtree: true });
})();

// What a reader does with an answer: ask again otherwise, edit, copy, mark.
(() => {
  "use strict";
  const _ = (text, values = {}) =>
    Object.entries(values).reduce(
      (told, [name, value]) => told.replace(`{${name}}`, value),
      window.newsdeskWords?.[text] ?? text,
    );

  // Hands a wish to the server through a field and a button that nobody sees.
  const type = (id, text) => {
    const field = document.querySelector(`#${id} textarea, #${id} input`);
    if (!field) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const wish = (what) => {
    type("wish", JSON.stringify(what));
    setTimeout(() => document.getElementById("grant").click(), 50); // once Gradio has taken it in
  };
  window.newsdesk = { wish, type };

  const number = (node) => Number(node.closest(".turn").id.replace("turn-", ""));
  const say = (words) => {
    const told = document.getElementById("told");
    told.textContent = "";
    setTimeout(() => (told.textContent = words), 30); // anew, so that it is read out again
  };

  const told = document.createElement("p");
  told.id = "told";
  told.setAttribute("role", "status");
  document.body.append(told);

  const copy = async (button) => {
    const kind = button.classList.contains("as-markdown") ? "markdown" : "text";
    const from = button.closest(".turn").querySelector(`.copies .${kind}`);
    try {
      await navigator.clipboard.writeText(from.textContent);
      say(kind === "text" ? _("Copied.") : _("Copied as Markdown."));
    } catch {
      say(_("The browser does not let this page copy; select the text instead."));
    }
  };

  // A question to be asked anew goes back into the box; the newest one is replaced by what is sent.
  const edit = (button) => {
    const box = document.querySelector("#box textarea");
    const turn = button.closest(".turn");
    type("box", turn.querySelector(".question").textContent);
    type("replaces", turn.closest("#newest") ? String(number(button)) : "");
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  };

  const acts = {
    drop: (button) => wish({ kind: "drop", number: number(button), label: button.value }),
    restore: (button) => wish({ kind: "restore", number: number(button), label: button.value }),
    edit,
    follow: (button) => wish({ kind: "ask", label: button.textContent }),
    "as-text": copy,
    "as-markdown": copy,
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".turn button.act, .turn button.chip");
    const name = button && Object.keys(acts).find((each) => button.classList.contains(each));
    if (name && !(document.getElementById("halt")?.offsetParent && !name.startsWith("as-")))
      acts[name](button);
  });

  // Arrow up in an empty box takes the last question back, as in a shell.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" || event.isComposing) return;
    const box = document.querySelector("#box textarea");
    const button = document.querySelector("#newest button.act.edit");
    if (event.target !== box || box.value || !button) return;
    event.preventDefault();
    edit(button);
  });
})();

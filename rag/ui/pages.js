// Sends files, and keeps what goes on up to date. All text is made by the server.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  // ------------------------------------------------------------ what goes on
  const watched = byId("jobs");
  let timer = 0;
  const refresh = async () => {
    clearTimeout(timer);
    try {
      const response = await fetch(watched.dataset.from || "add-progress");
      if (response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const open = [...watched.querySelectorAll("details")].map((each) => each.open);
        const focus = watched.contains(document.activeElement);
        if (!focus) watched.replaceChildren(...page.body.childNodes);
        watched.querySelectorAll("details").forEach((each, at) => {
          if (open[at]) each.open = true;
        });
      }
    } catch {
      // the server is away for a moment; the next look will tell
    }
    watch();
  };
  const watch = () => {
    const active = watched.querySelector("[data-active]");
    watched.setAttribute("aria-busy", String(Boolean(active)));
    if (active) timer = setTimeout(refresh, 700);
  };
  if (watched) watch();

  // ------------------------------------------------------------ files to the server
  const drop = byId("drop");
  if (!drop) return;

  // A dropped folder is walked: a list of [path, file].
  const walked = async (entry, above = "") => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [[above + entry.name, file]];
    }
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return found;
      for (const each of some) found.push(...(await walked(each, `${above}${entry.name}/`)));
    }
  };

  const refuse = (path, reason) => {
    const row = document.createElement("li");
    for (const [name, text] of [["title", path], ["reason", reason]]) {
      const line = document.createElement("p");
      line.className = name;
      line.textContent = text;
      row.append(line);
    }
    byId("refused").append(row);
  };

  const post = (where, query, body) =>
    fetch(`${where}?${new URLSearchParams(query)}`, { method: "POST", body });

  const hidden = (path) => path.split("/").some((part) => part.startsWith("."));

  let sending = false;
  const send = async (files) => {
    const wanted = files.filter(([path]) => !hidden(path));
    if (sending) return;
    byId("refused").replaceChildren();
    if (!wanted.length) {
      byId("sending").textContent = drop.dataset.none;
      return;
    }
    sending = true;
    try {
      const top = wanted[0][0].split("/")[0];
      const label = wanted.length > 1 ? `${top} +${wanted.length - 1}` : top;
      const begun = await post("add-batch", { label });
      if (!begun.ok) throw new Error(await begun.text());
      const batch = await begun.text();
      byId("sent").hidden = false;
      let taken = 0;
      for (const [at, [path, file]] of wanted.entries()) {
        byId("sending").textContent = drop.dataset.sending
          .replace("##", wanted.length)
          .replace("#", at + 1);
        byId("sent").value = at / wanted.length;
        const response = await post("add-file", { batch, path }, file);
        if (response.ok) taken += 1;
        else refuse(path, await response.text());
      }
      const form = new FormData();
      form.append("batch", batch);
      await fetch(taken ? "add-start" : "add-discard", { method: "POST", body: form });
      byId("sending").textContent = "";
    } catch (problem) {
      const away = problem instanceof TypeError;
      byId("sending").textContent = away ? drop.dataset.lost : problem.message;
    }
    byId("sent").hidden = true;
    sending = false;
    refresh();
  };

  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const items = [...event.dataTransfer.items];
    const entries = items.map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = [...event.dataTransfer.files].map((file) => [file.name, file]);
    const found = (await Promise.all(entries.map((entry) => walked(entry)))).flat();
    send(entries.length ? found : loose);
  });
  for (const id of ["files", "folder"]) {
    byId(id).addEventListener("change", (event) => {
      const files = [...event.target.files];
      send(files.map((file) => [file.webkitRelativePath || file.name, file]));
      event.target.value = "";
    });
  }
})();

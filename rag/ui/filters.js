// The filters of the next questions: a form made by the server, kept as a query string.
(() => {
  "use strict";
  const _ = (text, values = {}) =>
    Object.entries(values).reduce(
      (told, [name, value]) => told.replace(`{${name}}`, value),
      window.newsdeskWords?.[text] ?? text,
    );
  const panel = document.createElement("dialog");
  panel.id = "filters";
  panel.setAttribute("aria-labelledby", "filters-name");
  panel.innerHTML = `
    <div class="head"><h2 id="filters-name">${_("Only these articles")}</h2>
      <button type="button" class="close" aria-label="${_("Close the filters")}">×</button></div>
    <div class="form"></div>`;
  document.body.append(panel);
  const place = panel.querySelector(".form");
  let query = "";

  const load = async (wanted) => {
    try {
      const response = await fetch(`filters?${wanted}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      place.replaceChildren(document.adoptNode(page.querySelector("form")));
      return !place.querySelector(".problem");
    } catch {
      place.textContent = _("The server cannot be reached. Is Newsdesk still running?");
      return false;
    }
  };
  const show = () => {
    const words = place.querySelector(".summary")?.textContent || "";
    const button = document.getElementById("filter");
    button.classList.toggle("set", Boolean(words));
    const name = _("Filters");
    button.title = words ? _("Only {limits}", { limits: words }) : "";
    button.textContent = words ? `${name} ●` : name;
    button.setAttribute("aria-label", words ? _("Filters: only {limits}", { limits: words }) : name);
  };
  const apply = async (wanted) => {
    if (!(await load(wanted))) return;
    query = wanted;
    window.newsdesk.type("limits", query);
    show();
    panel.close();
    document.querySelector("#box textarea")?.focus();
  };
  const filled = (form) => {
    const fields = [...new FormData(form)].filter(([, value]) => value);
    return new URLSearchParams(fields).toString();
  };

  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(filled(event.target));
  });
  panel.addEventListener("click", (event) => {
    if (event.target === panel || event.target.closest(".close")) panel.close();
    if (event.target.closest(".clear")) apply("");
  });
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("#filter")) return;
    await load(query);
    panel.showModal();
  });
})();

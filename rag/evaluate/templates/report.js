"use strict";
// Shows and hides what the page already holds; it reads no data but by textContent.
(() => {
  const find = (id) => document.getElementById(id);
  const cases = [...document.querySelectorAll("details.case")];
  const filters = [...document.querySelectorAll("button.filter")];
  const differs = find("differs");
  const texts = new Map();

  const text = (item) => {
    if (!texts.has(item)) {
      const parts = [...item.querySelectorAll("[data-find]")].map((part) => part.textContent);
      texts.set(item, parts.join("\n").toLowerCase());
    }
    return texts.get(item);
  };
  const places = (item, name) => item.dataset[name].split(" ");
  const shown = () => cases.filter((item) => !item.hidden);

  function apply() {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tag = find("tag").value;
    const wanted = filters.filter((one) => one.ariaPressed === "true").map((one) => one.dataset.status);
    for (const item of cases) {
      item.hidden = !(
        (!wanted.length || places(item, "status").some((one) => wanted.includes(one))) &&
        (!tag || places(item, "tags").includes(tag)) &&
        (!differs?.checked || "differs" in item.dataset) &&
        words.every((word) => text(item).includes(word))
      );
    }
    find("count").textContent = `${shown().length} of ${cases.length} cases`;
    find("open").textContent = shown().every((item) => item.open) ? "Close all" : "Open all";
  }

  function reveal() {
    const item = cases.find((one) => `#${one.id}` === location.hash);
    if (item) {
      item.hidden = false;
      item.open = true;
      item.scrollIntoView();
    }
  }

  for (const one of filters) {
    one.addEventListener("click", () => {
      one.ariaPressed = one.ariaPressed === "true" ? "false" : "true";
      apply();
    });
  }
  find("open").addEventListener("click", () => {
    const open = !shown().every((item) => item.open);
    for (const item of shown()) item.open = open;
    apply();
  });
  find("filters").addEventListener("input", apply);
  find("filters").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  find("filters").hidden = false;
  apply();
  reveal();
})();

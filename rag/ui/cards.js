// Shows the card of a number or a tick while it is pointed at, focused or tapped.
// The server has made the cards; the one of `a.cite.n2` is `.cards .n2` in the same turn.
(() => {
  "use strict";
  const WAIT = 120; // milliseconds, so that a pointer passing by opens nothing
  const card = document.createElement("div");
  card.id = "card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  document.body.append(card);

  let of = null; // what the card belongs to
  let timer = 0;
  let touch = false;

  const owner = (node) => node.closest?.(".turn :is(a.cite, button.tick)");
  const made = (link) =>
    link.closest(".turn").querySelector(`.cards .card.${link.classList[1]}`);

  const hide = () => {
    clearTimeout(timer);
    of?.removeAttribute("aria-describedby");
    of = null;
    card.hidden = true;
  };

  const show = (link) => {
    const content = made(link);
    if (!content) return;
    hide();
    of = link;
    card.replaceChildren(content.cloneNode(true));
    card.hidden = false;
    link.setAttribute("aria-describedby", "card");
    const at = link.getBoundingClientRect();
    const { width, height } = card.getBoundingClientRect();
    const left = Math.min(at.left - 12, document.documentElement.clientWidth - width - 8);
    const above = at.top - height - 6;
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${above > 60 ? above : at.bottom + 6}px`;
  };

  const later = (what) => {
    clearTimeout(timer);
    timer = setTimeout(what, WAIT);
  };

  document.addEventListener("pointerdown", (event) => {
    touch = event.pointerType === "touch";
    if (!owner(event.target) && !card.contains(event.target)) hide();
  });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = owner(event.target);
    if (link && link !== of) later(() => show(link));
    else if (link || card.contains(event.target)) clearTimeout(timer);
    else if (of && of !== document.activeElement) later(hide);
    else if (!of) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const link = owner(event.target);
    if (link?.matches(":focus-visible")) show(link);
    else if (!link) hide();
  });

  // A tap shows the card; another one, on the number or the card, opens the source.
  document.addEventListener(
    "click",
    (event) => {
      const link = owner(event.target);
      if (card.contains(event.target) && of) {
        const opens = of;
        touch = false;
        hide();
        opens.click();
      } else if (link?.matches(".tick") || (link && touch && link !== of)) {
        event.preventDefault();
        event.stopPropagation();
        show(link);
      } else if (link) hide();
      touch = false;
    },
    true,
  );
  document.addEventListener("scroll", hide, true);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !of) return;
      hide();
      event.stopPropagation();
    },
    true,
  );
  new MutationObserver(() => {
    if (of && !of.isConnected) hide();
  }).observe(document.body, { childList: true, subtree: true });
})();

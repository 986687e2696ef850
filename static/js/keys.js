// Keyboard shortcuts. None works while something is being typed, or with a modifier held.

const AFTER_G = 1_500; // ms for the second key of two

export function startKeys() {
  const dialog = document.getElementById("shortcuts");
  document.querySelector('[data-open-dialog="shortcuts"]')?.addEventListener("click", () => dialog.showModal());
  let goes = -Infinity; // when g was pressed

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const isSecond = performance.now() - goes < AFTER_G;
    goes = -Infinity;
    if (event.key === "g" && !isSecond) {
      goes = performance.now();
      return;
    }
    const target = (isSecond ? places : actions)[event.key]?.();
    if (target === undefined) return;
    event.preventDefault();
    target();
  });

  const actions = {
    n: () => following('[data-shortcut="n"]'),
    c: () => following('[data-shortcut="c"]'),
    "/": () => focusing("[data-filter]"),
    j: () => following('a[data-step="next"]') ?? stepping(1),
    k: () => following('a[data-step="previous"]') ?? stepping(-1),
    x: () => ticking(),
    "?": () => dialog && (() => dialog.showModal()),
  };
  // After g.
  const places = {
    j: () => following('nav[aria-label="Main"] a[href="/"]'),
    c: () => following('nav[aria-label="Main"] a[href^="/collections"]'),
    u: () => following('nav[aria-label="Main"] a[href^="/usage"]'),
    s: () => following('nav[aria-label="Main"] a[href^="/settings"]'),
  };
}

// A tick box takes no text: keys work while it has the focus.
function isTyping(element) {
  if (element.localName === "input") return !["checkbox", "radio", "button", "submit"].includes(element.type);
  return element.isContentEditable || ["textarea", "select"].includes(element.localName);
}

// Only where the page offers the link, so that readers without the right are not led to a refusal.
function following(selector) {
  const link = document.querySelector(selector);
  return link ? () => link.click() : undefined;
}

function focusing(selector) {
  const element = document.querySelector(selector);
  return element ? () => (element.focus(), element.select?.()) : undefined;
}

function stepping(direction) {
  const links = [...document.querySelectorAll("[data-row-link]")];
  if (!links.length) return undefined;
  const row = document.activeElement?.closest("tr");
  const here = links.findIndex((link) => link === document.activeElement || (row && link.closest("tr") === row));
  const next = here < 0 && direction < 0 ? links.length - 1 : here + direction;
  return () => links[Math.max(0, Math.min(next, links.length - 1))].focus();
}

// The row that has the focus is selected, or no longer.
function ticking() {
  const box = document.activeElement?.closest("tr")?.querySelector(".cell-pick input");
  return box ? () => box.click() : undefined;
}

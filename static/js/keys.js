// Keyboard shortcuts. None works while something is being typed, or with a modifier held.

export function startKeys() {
  const dialog = document.getElementById("shortcuts");
  document.querySelector('[data-open-dialog="shortcuts"]')?.addEventListener("click", () => dialog.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog?.open) return;
    const action = actions[event.key];
    if (!action) return;
    const target = action();
    if (target === undefined) return;
    event.preventDefault();
    target?.();
  });

  const actions = {
    n: () => following('[data-shortcut="n"]', "/jobs/new"),
    c: () => following('[data-shortcut="c"]', "/collections/new"),
    g: () => () => location.assign("/"),
    "/": () => focusing("[data-filter]"),
    j: () => stepping(1),
    k: () => stepping(-1),
    "?": () => dialog && (() => dialog.showModal()),
  };
}

function isTyping(element) {
  return element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}

// Only where the page offers the link, so that readers without the right are not led to a refusal.
function following(selector) {
  const link = document.querySelector(selector);
  return link ? () => link.click() : undefined;
}

function focusing(selector) {
  const element = document.querySelector(selector);
  return element ? () => element.focus() : undefined;
}

function stepping(direction) {
  const links = [...document.querySelectorAll("[data-row-link]")];
  if (!links.length) return undefined;
  const here = links.indexOf(document.activeElement);
  const next = here < 0 && direction < 0 ? links.length - 1 : here + direction;
  return () => links[Math.max(0, Math.min(next, links.length - 1))].focus();
}

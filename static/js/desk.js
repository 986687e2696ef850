// The reading desk: the next and the previous result take the place of this one, without a new page.
// The next one is fetched ahead, so that it is there at once.

import { isTyping } from "./job.js";
import { sayMoments } from "./moments.js";

const ahead = new Map();
const MOST_AHEAD = 4;

start();
prefetch();

function start() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-step]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-mark]");
    if (!form) return;
    event.preventDefault();
    mark(form);
  });
  document.addEventListener("keydown", (event) => {
    // j, k and what follows g are those of all pages (keys.js).
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  addEventListener("popstate", () => show(location.href));
}

const keys = {
  m: () => document.querySelector("form[data-mark]")?.requestSubmit(),
  e: () => correct(document.querySelector("[data-correct]")),
  c: () => document.getElementById("comment-text")?.focus(),
};

function correct(control) {
  if (control?.localName === "a") return control.click();
  const box = control?.closest("details");
  if (!box) return;
  box.open = true;
  box.querySelector("input:checked, textarea, input:not([type=hidden])")?.focus();
}

async function go(address) {
  if (hasUnsaved() && !confirm("What you have written is not saved. Go on all the same?")) return;
  if (await show(address)) history.pushState(null, "", address);
}

function hasUnsaved() {
  const texts = [...document.querySelectorAll("[data-desk] textarea")];
  return texts.some((text) => text.value !== text.defaultValue);
}

async function show(address) {
  const desk = document.querySelector("[data-desk]");
  desk.setAttribute("aria-busy", "true");
  try {
    const page = await take(address);
    const fresh = page.querySelector("[data-desk]");
    if (!fresh) throw new Error("No desk");
    put(page, fresh);
    return true;
  } catch {
    location.assign(address);
    return false;
  }
}

function put(page, fresh) {
  const desk = document.querySelector("[data-desk]");
  const isRead = document.activeElement?.closest("[data-step]")?.dataset.step;
  document.title = page.title;
  sayMoments(fresh);
  desk.replaceWith(document.importNode(fresh, true));
  // Where one stood with the keyboard one goes on; else the new title is what is read out.
  const link = isRead && document.querySelector(`a[data-step="${isRead}"]`);
  (link || document.querySelector("[data-desk-title]")).focus({ preventScroll: true });
  scrollTo(0, 0);
  const said = document.querySelector("[data-announcer]");
  said.textContent = `${document.querySelector(".place")?.textContent ?? ""} ${document.querySelector("h1").textContent}`;
  prefetch();
}

// A page is used once: what was fetched before somebody changed something would be old.
async function take(address) {
  const waiting = ahead.get(address);
  ahead.delete(address);
  return (await waiting) ?? fetched(address);
}

function prefetch() {
  const next = document.querySelector('a[data-step="next"]')?.href;
  if (!next || ahead.has(next)) return;
  ahead.set(next, fetched(next).catch(() => undefined));
  while (ahead.size > MOST_AHEAD) ahead.delete(ahead.keys().next().value);
}

async function fetched(address) {
  const response = await fetch(address, { redirect: "error" });
  if (!response.ok) throw new Error(response.statusText);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Its answer is the page to go to: the next result, or this one as it is now.
async function mark(form) {
  ahead.clear();
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-desk]");
    if (!response.ok || !fresh) throw new Error(response.statusText);
    put(page, fresh);
    history.pushState(null, "", response.url);
  } catch {
    form.submit();
  }
}

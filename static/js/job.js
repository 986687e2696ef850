// The page of a job: copy and print, places in the document without a new page, the price of a run.
//
// Everything here is comfort: each link and button leads to the same without it.

import { sayMoments } from "./moments.js";

const PRICE_DELAY = 400;

document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy-text]");
  if (copy) return copyText(copy);
  if (event.target.closest("[data-print]")) return print();
  const link = event.target.closest("a[data-swap]");
  if (link && isPlain(event)) return jump(event, link);
  // A menu that is open closes when one goes on elsewhere.
  for (const menu of document.querySelectorAll("details.choices-of[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.choices-of[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
addEventListener("hashchange", () => point(location.hash));
for (const form of document.querySelectorAll("[data-priced]")) startPrice(form);

function isPlain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

export function isTyping(element) {
  return element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.copyText);
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(source.innerText);
    label.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    label.textContent = "Selected";
  }
}

// To a place in the document: where it is shown already, at once; else only its pane is fetched.
async function jump(event, link) {
  const target = new URL(link.href);
  const isHere = target.pathname === location.pathname && target.search === location.search;
  event.preventDefault();
  if (!isHere || (target.hash && !document.getElementById(target.hash.slice(1)))) {
    const pane = document.getElementById("document");
    pane.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(target, { redirect: "error" });
      if (!response.ok) throw new Error(response.statusText);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      const wanted = ["document", "answer"].map((id) => fresh.getElementById(id));
      const scrolled = document.querySelector("#answer > .scroll")?.scrollTop;
      // The answer too: its links lead to other parts now.
      for (const part of wanted) document.getElementById(part.id).replaceWith(document.adoptNode(part));
      document.querySelector("#answer > .scroll").scrollTop = scrolled;
      history.pushState(null, "", target);
      sayMoments();
    } catch {
      return location.assign(target);
    }
  } else {
    history.pushState(null, "", target);
  }
  point(target.hash);
}

// Scrolls to what a hash names and puts the focus there, so that reading goes on from it.
function point(hash) {
  const place = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
  for (const other of document.querySelectorAll("mark.here")) other.classList.remove("here");
  if (!place) return;
  place.classList.add("here");
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  place.scrollIntoView({ block: place.localName === "mark" ? "center" : "start", behavior: isCalm ? "auto" : "smooth" });
  if (place.localName === "mark") place.focus({ preventScroll: true });
}

// The price beside the button follows what is filled in.
function startPrice(form) {
  let timer = 0;
  let asked;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(price, PRICE_DELAY);
  });
  async function price() {
    asked?.abort();
    asked = new AbortController();
    const place = form.querySelector("#price");
    place.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    body.set("price", "1");
    try {
      const response = await fetch(location.href, { method: "POST", body, signal: asked.signal });
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("price");
      if (fresh) place.replaceChildren(...fresh.childNodes);
    } catch {
      // One can run it without knowing the price.
    }
    place.removeAttribute("aria-busy");
  }
}

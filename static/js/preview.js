// A table before it is queued: looked at by the server, which has the file, and again at each
// change of the form.
//
// A field that is left by pressing a button changes between the press and the click, and a button
// that is disabled in between is never clicked. So a click waits for the answer instead.

import { counted } from "./reader.js";
import { showPrices } from "./prices.js";

const DELAY = 200;
const LONG = 1_000; // Whoever waits longer is told for how long.

// Returns `ask`, which looks anew, and `holds`, which says whether a click has to wait.
export function startPreview(form) {
  const button = form.querySelector("[data-queue]");
  const price = form.querySelector("[data-needs-rows]");
  const trial = form.querySelector("[data-try]");
  const trialHint = form.querySelector("[data-try-hint]");
  let timer = 0;
  let clock = 0;
  let running;
  let isStale = false; // What is shown is not of the form as it stands.
  let waiting; // The button that was clicked meanwhile, and what it said.

  const shown = () => form.querySelector("[data-preview-result]");

  // The words of the button say what it will do.
  function sayReady() {
    const { ready: count = 0, later, now, takes } = shown()?.dataset ?? {};
    const ready = Number(count);
    button.textContent = ready ? `Queue ${counted(ready)} document${ready === 1 ? "" : "s"}` : "Queue collection";
    button.disabled = price.disabled = !ready;
    // A workspace that never pays the full price has none.
    if (trial) trial.hidden = trialHint.hidden = ready <= Number(trial.value);
    // Where a row has an error and none is skipped, none is ready: the others have a price all the same.
    const basis = ready ? `for ${counted(ready)} document${ready === 1 ? "" : "s"}` : "for the rows without an error";
    showPrices(form, later ? { later, now, usual: takes, basis } : undefined);
  }

  function settle() {
    isStale = false;
    clearInterval(clock);
    sayReady();
    const clicked = waiting;
    waiting = undefined;
    // Nobody has confirmed it if it says something else now.
    if (!clicked || clicked.button.disabled || clicked.button.hidden) return;
    if (clicked.button.textContent === clicked.words) form.requestSubmit(clicked.button);
  }

  function holds(event) {
    if (!isStale) return false;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { button: event.submitter ?? button, words: (event.submitter ?? button).textContent };
    return true;
  }

  // Nobody knows how long a table is before its end: so it is said for how long it has been read.
  function sayReading() {
    const since = Date.now();
    clearInterval(clock);
    clock = setInterval(() => {
      const seconds = Math.round((Date.now() - since) / 1_000);
      if (seconds * 1_000 < LONG) return;
      let line = shown().querySelector("[data-reading]");
      if (!line) {
        line = document.createElement("p");
        line.dataset.reading = "";
        line.className = "reading-table";
        line.setAttribute("role", "status");
        const bar = document.createElement("progress");
        bar.setAttribute("aria-label", "Reading the table");
        line.append("Reading the table to its end…", bar, document.createElement("span"));
        shown().prepend(line);
      }
      line.lastElementChild.textContent = `${seconds} s`;
      line.lastElementChild.ariaHidden = "true";
    }, LONG);
  }

  function forgetWhatWasGuessed() {
    for (const select of form.querySelectorAll('select[name^="columns."]')) select.disabled = true;
    button.disabled = price.disabled = true;
    if (trial) trial.hidden = trialHint.hidden = true;
  }

  async function ask({ isNew = false } = {}) {
    running?.abort();
    if (isNew) {
      forgetWhatWasGuessed();
      form.querySelector('select[name="sheet"]')?.remove();
    }
    if (!form.querySelector('[data-file-list] input[name="upload"]')) {
      shown().replaceChildren();
      shown().dataset.ready = "0";
      delete shown().dataset.later;
      return settle();
    }
    const asked = (running = new AbortController());
    isStale = true;
    shown().setAttribute("aria-busy", "true");
    // A price that stands there stays until there is another one: nothing moves under a press.
    if (!shown().dataset.later) showPrices(form, { later: "…", now: "…", basis: "computing the price" });
    sayReading();
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        body: new FormData(form),
        signal: asked.signal,
      });
      if (!response.ok) throw new Error(response.statusText);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("[data-preview-result]");
      if (!fresh) throw new Error("signed out meanwhile");
      const focused = document.activeElement?.id;
      shown().replaceWith(document.importNode(fresh, true));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      settle();
    } catch (error) {
      if (error.name === "AbortError") return;
      shown().removeAttribute("aria-busy");
      sayFailed();
      settle();
    }
  }

  function sayFailed() {
    const line = document.createElement("p");
    line.className = "notice error";
    line.setAttribute("role", "alert");
    const again = document.createElement("button");
    again.type = "button";
    again.className = "small";
    again.textContent = "Look again";
    again.addEventListener("click", () => ask());
    line.append("The table could not be looked at. It is still here. ", again);
    shown().replaceChildren(line);
    shown().dataset.ready = "0";
    delete shown().dataset.later;
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "name") return;
    if (["urgency", "within"].includes(event.target.name) && shown().dataset.later) sayReady();
    // What is on its way answers for the form as it was, and must not count for what it is now.
    running?.abort();
    isStale = true;
    waiting = undefined;
    // Another kind or sheet is guessed anew, and that must be seen before it is queued.
    if (["job_type", "sheet"].includes(event.target.name)) forgetWhatWasGuessed();
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY);
  });
  form.addEventListener("settled", sayReady);
  sayReady();
  return { ask, holds };
}

// The forms for new work: the options of the chosen kind, prices as one types, files that are sent as
// they are chosen, and errors that come back into the page, so that nothing is lost.

import { counted } from "./reader.js";
import { Draft } from "./drafts.js";
import { morph } from "./morph.js";
import { startPreview } from "./preview.js";
import { showPrices } from "./prices.js";
import { Uploads } from "./uploads.js";

const PRICE_DELAY = 300;
const DRAFT_DELAY = 400;
const READING = ["read_as", "accept_partial"];

class WorkForm {
  #form;
  #uploads;
  #draft;
  #preview;
  #priceTimer = 0;
  #draftTimer = 0;
  #pricing;
  #waiting; // The button that was pressed while files were on their way.
  #isSending = false;

  constructor(form) {
    this.#form = form;
    this.#uploads = new Uploads(form, () => this.#filesChanged());
    this.#draft = new Draft(form, this.#uploads);
    form.addEventListener("change", (event) => {
      if (READING.includes(event.target.name)) this.#uploads.readAgain();
      // Who says a time means that wish.
      if (event.target.name === "within") this.#form.elements.urgency.value = "hour";
      this.#update();
      this.#saveSoon();
    });
    form.addEventListener("input", (event) => {
      if (event.target.name === "text") this.#priceSoon();
      this.#saveSoon();
    });
    form.addEventListener("submit", (event) => this.#submit(event), { capture: true });
    for (const area of form.querySelectorAll("[data-drop]")) this.#acceptDrops(area);
    addEventListener("offline", () => this.#notify("You are offline. What you filled in is still here.", "warning"));
    if (form.dataset.preview) this.#preview = startPreview(form);
    // The browser may have restored what was filled in before.
    addEventListener("pageshow", () => this.#show());
  }

  get #kind() {
    return this.#form.elements.job_type.value;
  }

  #show() {
    const found = this.#draft.restore();
    if (found?.to) this.#tellSent(found.to);
    else if (found && hasContent(found)) this.#tellRestored(found.isCut);
    this.#update();
    this.#preview?.ask();
    const wrong = this.#form.querySelector("[autofocus]");
    if (wrong) show(wrong);
  }

  #update() {
    for (const part of this.#form.querySelectorAll("[data-for-kind]")) {
      part.hidden = part.dataset.forKind !== this.#kind;
    }
    // A frame around options that are all hidden would be empty.
    for (const frame of this.#form.querySelectorAll(".for-all")) {
      frame.hidden = !frame.querySelector("[data-for-kind]:not([hidden]) .field");
    }
    this.#sayWhatComesOfTime();
    this.#sayWhatIsQueued();
    this.#priceSoon();
  }

  // What comes of the time that is chosen, of all that could be.
  #sayWhatComesOfTime() {
    const { within } = this.#form.elements;
    for (const one of this.#form.querySelectorAll("[data-within]")) {
      one.hidden = one.dataset.within !== within.value;
      if (one.hidden || !one.dataset.withinPrice) continue;
      for (const amount of one.closest(".offer").querySelectorAll("[data-amount]")) {
        amount.dataset.amount = one.dataset.withinPrice;
      }
    }
  }

  #sayWhatIsQueued() {
    if (this.#preview) return;
    const { count, ready } = this.#uploads;
    const button = this.#form.querySelector("[data-queue]");
    button.textContent = ready > 1 ? `Queue ${counted(ready)} documents` : "Queue document";
    for (const part of this.#form.querySelectorAll("[data-for-several]")) part.hidden = count < 2;
    for (const part of this.#form.querySelectorAll("[data-for-one]")) part.hidden = count > 1;
    const trial = this.#form.querySelector("[data-try]");
    if (trial) trial.hidden = this.#form.querySelector("[data-try-hint]").hidden = ready <= Number(trial.value);
  }

  #filesChanged() {
    this.#draft.save();
    this.#update();
    this.#preview?.ask({ isNew: true });
    const pressed = this.#waiting;
    this.#waiting = undefined;
    if (!pressed) return;
    this.#form.querySelector("[data-form-errors]").replaceChildren();
    if (!this.#uploads.failed.length && !this.#uploads.unusable.length && !this.#preview) this.#form.requestSubmit(pressed);
  }

  #saveSoon() {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#draft.save(), DRAFT_DELAY);
  }

  #priceSoon() {
    clearTimeout(this.#priceTimer);
    if (this.#form.dataset.price) this.#priceTimer = setTimeout(() => this.#price(), PRICE_DELAY);
  }

  // The server counts what is filled in, and its files: only it knows how many pages they have.
  async #price() {
    this.#pricing?.abort();
    if (!this.#form.elements.text.value.trim() && !this.#uploads.count) return this.#tell({});
    this.#tell({ later: "…", now: "…", basis: this.#uploads.isBusy ? "once all files are read" : "computing the price" });
    if (this.#uploads.isBusy) return;
    const asked = (this.#pricing = new AbortController());
    try {
      const response = await fetch(this.#form.dataset.price, {
        method: "POST",
        body: new FormData(this.#form),
        signal: asked.signal,
      });
      if (!response.ok || response.redirected) throw new Error("no price");
      const told = await response.json();
      this.#tell({ later: "–", now: "–", basis: "nothing to price yet", ...told });
    } catch (error) {
      // Without a price one can queue all the same.
      if (error.name !== "AbortError") this.#tell({ later: "–", now: "–", basis: "the price could not be computed" });
    }
  }

  #tell({ problems = [], notes = [], basis, paying, is_warning: isWarning, ...amounts }) {
    const about = this.#form.elements.text.value.trim() ? "text" : "document";
    for (const place of this.#form.querySelectorAll("[data-problems]")) {
      // What the form was refused for stands there already, and beside each file.
      const told = place.parentElement.textContent.replace(place.textContent, "");
      const isHere = place.dataset.problems === about;
      say(place, isHere ? problems.filter((one) => !told.includes(one) && !this.#uploads.tellsOf(one)) : []);
    }
    say(this.#form.querySelector("[data-notes]"), notes);
    showPrices(this.#form, basis === undefined ? undefined : { ...amounts, basis });
    const payer = this.#form.querySelector("[data-paying]");
    if (paying && payer) {
      payer.querySelector("span").textContent = paying;
      payer.classList.toggle("notice", isWarning);
      payer.classList.toggle("warning", isWarning);
    }
  }

  #acceptDrops(area) {
    for (const name of ["dragenter", "dragover"]) {
      area.addEventListener(name, (event) => {
        event.preventDefault();
        area.classList.add("over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      area.addEventListener(name, () => area.classList.remove("over"));
    }
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      const taken = this.#uploads.add([...event.dataTransfer.files]);
      if (!taken) this.#notify("Drop one table at a time.");
      else this.#update();
    });
  }

  async #submit(event) {
    const { submitter } = event;
    if (submitter && "native" in submitter.dataset) return;
    if (submitter && "remove" in submitter.dataset) return event.preventDefault(); // uploads.js does it
    if (this.#preview?.holds(event)) return;
    event.preventDefault();
    if (this.#isSending) return;
    if (this.#uploads.isBusy) {
      this.#waiting = submitter;
      return this.#notify("It goes on as soon as all files are read.", "info");
    }
    if (this.#uploads.failed.length) {
      this.#notify("Not all files were sent. Try them again, or remove them.");
      return show(this.#uploads.failed[0].querySelector("button"));
    }
    const [unusable] = this.#uploads.unusable;
    if (unusable) {
      const which = unusable.querySelector("bdi").textContent;
      this.#notify(`Nothing is queued yet: ${which} cannot be. Remove it first.`);
      return show(unusable.querySelector(".file-actions > *"));
    }
    const button = this.#form.querySelector("[data-queue]");
    this.#isSending = button.disabled = true;
    this.#form.setAttribute("aria-busy", "true");
    this.#notify("Queueing…", "info");
    this.#draft.save();
    try {
      const response = await fetch(this.#form.action, {
        method: "POST",
        headers: { "X-Form": "1" },
        body: new FormData(this.#form, submitter),
      });
      const to = response.headers.get("Location");
      if (response.status === 201) {
        if (isQueued(to)) this.#draft.sent(to);
        return location.assign(to);
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("[data-work]");
      if (fresh) return this.#showErrors(fresh);
      if (response.redirected) return this.#tellSignedOut(response.url);
      const refusal = page.querySelector("[data-refusal]");
      if (refusal) return this.#notify(`${refusal.textContent.trim()} What you filled in is still here.`);
      this.#notify(`The server had a fault (${response.status}). What you filled in is still here: try again.`);
    } catch {
      this.#notify("The server cannot be reached. What you filled in is still here: try again.");
    } finally {
      this.#isSending = button.disabled = false;
      this.#form.removeAttribute("aria-busy");
      this.#form.dispatchEvent(new Event("settled"));
    }
  }

  #showErrors(fresh) {
    const token = fresh.elements.once.value;
    keepFilledIn(this.#form, fresh);
    morph(this.#form, fresh);
    this.#form.elements.once.value = token;
    this.#uploads.sum();
    this.#update();
    const wrong = this.#form.querySelector(
      ".wrong :is(input, textarea, select):not([type=hidden]), .rejections, .notice.error",
    );
    if (wrong) show(wrong);
  }

  #tellSignedOut(address) {
    this.#draft.save();
    const notice = this.#notify("You were signed out. What you filled in is kept in this tab. ");
    const link = document.createElement("a");
    link.href = address;
    link.textContent = "Sign in and come back";
    notice.lastElementChild.append(link, ".");
    link.focus();
  }

  #tellSent(to) {
    const notice = this.#notify("You have queued this already. ", "info", "[data-notices]");
    const link = document.createElement("a");
    link.href = to;
    link.textContent = "See what came of it";
    const fresh = document.createElement("a");
    fresh.href = location.pathname + location.search;
    fresh.textContent = "begin something new";
    fresh.addEventListener("click", () => history.replaceState(null, ""));
    notice.lastElementChild.append(link, ", or ", fresh, ".");
    // After the browser has gone back to where the page was.
    requestAnimationFrame(() => notice.scrollIntoView({ block: "center" }));
  }

  #tellRestored(isCut) {
    const cut = isCut ? "The text was too long for that: paste it again. " : "";
    const notice = this.#notify(`What you had filled in is here again. ${cut}`, "info", "[data-notices]");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Begin anew";
    button.addEventListener("click", () => {
      this.#uploads.clear();
      this.#draft.forget();
      location.assign(location.pathname);
    });
    notice.append(button);
  }

  #notify(text, kind = "error", where = "[data-form-errors]") {
    const place = this.#form.querySelector(where);
    const notice = document.createElement("p");
    notice.className = `notice ${kind}`;
    notice.setAttribute("role", kind === "error" ? "alert" : "status");
    const words = document.createElement("span");
    words.textContent = text;
    notice.append(words);
    place.replaceChildren(notice);
    if (kind === "error") notice.scrollIntoView({ block: "center" });
    return notice;
  }
}

function isQueued(address) {
  return !new URL(address, location.href).pathname.startsWith("/quotes/");
}

function hasContent({ fields, uploads }) {
  const typed = ["text", "name", "reference"];
  return uploads.length > 0 || fields.some(([name, value]) => value && (typed.includes(name) || /-(categories|question)/.test(name)));
}

function say(place, sentences) {
  place.hidden = !sentences.length;
  place.textContent = sentences.join(" ");
}

function show(element) {
  if (!element.matches("input, textarea, select, button, a")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "center" });
}

// The fields themselves are not replaced: only what stands around them.
function keepFilledIn(form, fresh) {
  for (const field of fresh.querySelectorAll("textarea")) {
    const own = form.elements[field.name];
    if (own) field.textContent = own.textContent;
  }
}

for (const form of document.querySelectorAll("[data-work]")) new WorkForm(form);

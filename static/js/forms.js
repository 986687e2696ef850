// Forms: the options of the chosen kind, prices as one types, files dropped in, and errors that
// come back into the page, so that nothing is lost: a browser does not keep a chosen file when it
// loads the page anew.

import { morph } from "./morph.js";
import { startPreview } from "./preview.js";

const PRICE_DELAY = 300;

export function startForms() {
  for (const form of document.querySelectorAll("[data-submit-on-change]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of document.querySelectorAll("[data-confirm]")) {
    button.addEventListener("click", (event) => {
      if (!confirm(button.dataset.confirm)) event.preventDefault();
    });
  }
  for (const form of document.querySelectorAll("[data-work]")) {
    new WorkForm(form);
    if (form.dataset.preview) startPreview(form);
  }
}

class WorkForm {
  #form;
  #timer = 0;
  #pricing;

  constructor(form) {
    this.#form = form;
    form.addEventListener("change", () => this.#update());
    // With a file, once a field is left: the file goes along each time.
    form.addEventListener("input", (event) => {
      if (event.target.name === "text") this.#priceSoon();
    });
    form.addEventListener("submit", (event) => this.#submit(event));
    for (const area of form.querySelectorAll("[data-drop]")) this.#acceptDrops(area);
    // The browser may have restored what was filled in before.
    addEventListener("pageshow", () => this.#update());
    this.#update();
  }

  get #kind() {
    return this.#form.elements.job_type.value;
  }

  #update() {
    for (const part of this.#form.querySelectorAll("[data-for-kind]")) {
      part.hidden = part.dataset.forKind !== this.#kind;
    }
    // A frame around options that are all hidden would be empty.
    for (const frame of this.#form.querySelectorAll(".for-all")) {
      frame.hidden = !frame.querySelector("[data-for-kind]:not([hidden]) .field");
    }
    this.#priceSoon();
  }

  #priceSoon() {
    clearTimeout(this.#timer);
    if (this.#form.dataset.price) this.#timer = setTimeout(() => this.#price(), PRICE_DELAY);
  }

  // The server reads what is filled in, files too: only it knows how many pages they have.
  async #price() {
    const { text, document: files } = this.#form.elements;
    this.#pricing?.abort();
    const { quote } = this.#form.elements; // Its files are at the server already.
    if (!text.value.trim() && !files.files.length && !quote) return this.#tell({});
    const asked = (this.#pricing = new AbortController());
    try {
      const response = await fetch(this.#form.dataset.price, {
        method: "POST",
        body: new FormData(this.#form),
        signal: asked.signal,
      });
      if (response.ok) this.#tell(await response.json());
    } catch {
      // Without a price one can queue all the same.
    }
  }

  #tell({ problems = [], notes = [], basis, ...amounts }) {
    const about = this.#form.elements.text.value.trim() ? "text" : "document";
    for (const place of this.#form.querySelectorAll("[data-problems]")) {
      // What the form was refused for stands there already.
      const told = place.parentElement.querySelector(".errors")?.textContent ?? "";
      const isHere = place.dataset.problems === about;
      say(place, isHere ? problems.filter((one) => !told.includes(one)) : []);
    }
    say(this.#form.querySelector("[data-notes]"), notes);
    for (const amount of this.#form.querySelectorAll("[data-amount]")) {
      const about = amount.parentElement.querySelector("[data-basis]");
      about.dataset.example ??= about.textContent;
      amount.dataset.example ??= amount.textContent;
      amount.textContent = amounts[amount.dataset.amount] ?? amount.dataset.example;
      about.textContent = basis ?? about.dataset.example;
    }
  }

  #acceptDrops(area) {
    const input = area.querySelector('input[type="file"]');
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
      // A field for one file would keep the first and lose the others in silence.
      if (!input.multiple && event.dataTransfer.files.length > 1) {
        return this.#notify("Drop one table at a time.");
      }
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  async #submit(event) {
    event.preventDefault();
    const button = this.#form.querySelector(".form-foot button.primary");
    button.disabled = true;
    try {
      const response = await fetch(this.#form.action, {
        method: "POST",
        headers: { "X-Form": "1" },
        body: new FormData(this.#form, event.submitter),
      });
      if (response.status === 201) return location.assign(response.headers.get("Location"));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("[data-work]");
      // Neither accepted nor refused with reasons: the browser shows what the server says.
      if (!fresh) return this.#form.submit();
      this.#showErrors(fresh);
    } catch {
      this.#showFailure();
    } finally {
      button.disabled = false;
      this.#form.dispatchEvent(new Event("settled"));
    }
  }

  #showErrors(fresh) {
    keepFilledIn(this.#form, fresh);
    morph(this.#form, fresh);
    this.#update();
    const wrong = this.#form.querySelector(".wrong :is(input, textarea, select), .rejections, .notice.error");
    if (!wrong) return;
    if (!wrong.matches("input, textarea, select")) wrong.tabIndex = -1;
    wrong.focus({ preventScroll: true });
    wrong.scrollIntoView({ block: "center" });
  }

  #showFailure() {
    this.#notify("The server cannot be reached. What you filled in is still here: try again.");
  }

  #notify(text) {
    const place = this.#form.querySelector("[data-form-errors]");
    const notice = document.createElement("p");
    notice.className = "notice error";
    notice.setAttribute("role", "alert");
    notice.textContent = text;
    place.replaceChildren(notice);
    notice.scrollIntoView({ block: "center" });
  }
}

function say(place, sentences) {
  place.hidden = !sentences.length;
  place.textContent = sentences.join(" ");
}

// The fields themselves are not replaced: only what stands around them.
function keepFilledIn(form, fresh) {
  for (const field of fresh.querySelectorAll("textarea")) {
    const own = form.elements[field.name];
    if (own) field.textContent = own.textContent;
  }
}

// What is typed into a form for new work is kept in this tab until it is queued, so that a lost
// connection, an expired session, a reload or Back loses nothing. It never leaves the browser, is
// for the person who typed it, and goes when that person signs out (forms.js) or the tab is closed.

const PREFIX = "draft:";
const LONGEST = 200_000; // Characters of one field: more is a document to be pasted again.
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "upload", "quote", "changes"]);

function forgetAllBut(keep) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) && !keep(sessionStorage.getItem(key))) sessionStorage.removeItem(key);
  }
}

export class Draft {
  #form;
  #uploads;
  #key;
  #whose;

  constructor(form, uploads) {
    this.#form = form;
    this.#uploads = uploads;
    this.#key = PREFIX + location.pathname;
    this.#whose = form.dataset.draftOf;
    attempt(() => forgetAllBut((value) => JSON.parse(value).whose === this.#whose));
  }

  save() {
    attempt(() => sessionStorage.setItem(this.#key, JSON.stringify(this.#state())));
  }

  forget() {
    attempt(() => sessionStorage.removeItem(this.#key));
  }

  // Before the page is left for what came of it: so that Back finds the form as it was sent.
  sent(to) {
    this.forget();
    attempt(() => history.replaceState({ ...history.state, sent: { ...this.#state(), to } }, ""));
  }

  // Fills the form in as it was; returns what is known of that, if anything.
  restore() {
    const state = history.state?.sent ?? this.#saved();
    if (!state || state.whose !== this.#whose) return undefined;
    const byName = new Map();
    for (const [name, value] of state.fields) byName.set(name, [...(byName.get(name) ?? []), value]);
    for (const field of this.#form.elements) {
      if (!field.name || NOT_KEPT.has(field.name) || ["file", "submit", "button"].includes(field.type)) continue;
      const values = byName.get(field.name);
      if (["radio", "checkbox"].includes(field.type)) field.checked = Boolean(values?.includes(field.value));
      else if (field.name === "once") field.value = state.to ? values?.[0] ?? field.value : field.value;
      else if (values) field.value = values[0];
    }
    this.#uploads.restore(state.uploads);
    return state;
  }

  #saved() {
    // An address that says what to begin with, such as an example, is meant.
    if (location.search) return undefined;
    return attempt(() => JSON.parse(sessionStorage.getItem(this.#key)));
  }

  #state() {
    const fields = [];
    let isCut = false;
    for (const [name, value] of new FormData(this.#form)) {
      if (typeof value !== "string" || NOT_KEPT.has(name)) continue;
      if (value.length > LONGEST) isCut = true;
      else fields.push([name, value]);
    }
    return { whose: this.#whose, fields, isCut, uploads: this.#uploads.told };
  }
}

// Storage may be full or forbidden: then nothing is kept, and everything else works.
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

// The files of a form: each is sent by itself as soon as it is chosen, a few side by side, and says
// how far it is. The form then names what the server has, so nothing is sent twice, and what failed
// is tried again by a button.

import { counted } from "./reader.js";

const SIDE_BY_SIDE = 3;
const TABLES = /\.(csv|tsv|xlsx|xlsm|xls|ods|ndjson|jsonl|zip)$/i;

export class Uploads {
  #form;
  #place;
  #input;
  #list;
  #template;
  #changed;
  #rows = new Map(); // The element of a file, and how far it is.
  #queue = [];
  #running = 0;

  // `changed` is called whenever a file came, failed or went.
  constructor(form, changed) {
    this.#form = form;
    this.#place = form.querySelector("[data-files]");
    this.#input = form.elements[this.#place.dataset.files];
    this.#list = this.#place.querySelector("[data-file-list]");
    this.#template = form.querySelector("[data-file-template]");
    this.#changed = changed;
    this.#input.addEventListener("change", (event) => {
      event.stopPropagation(); // The form has not changed before a file is at the server.
      const chosen = [...this.#input.files];
      this.#input.value = "";
      this.add(chosen);
    });
    this.#list.addEventListener("click", (event) => this.#press(event));
    this.#place.querySelector("[data-leave-out]").addEventListener("click", () => {
      for (const row of this.#list.querySelectorAll(".refused, .failed")) this.#remove(row);
      this.#input.focus();
      this.#tell();
    });
    this.sum();
  }

  get isBusy() {
    return this.#running > 0 || this.#queue.length > 0;
  }

  // Those that could not be sent: the server does not know them.
  get failed() {
    return [...this.#list.children].filter((row) => row.classList.contains("failed"));
  }

  // Those that keep the form from being queued, and need somebody to say what becomes of them.
  get unusable() {
    return [...this.#list.children].filter((row) => this.#isUnusable(row));
  }

  get count() {
    return this.#list.children.length;
  }

  get ready() {
    return this.count - this.unusable.length - this.failed.length;
  }

  // Whether a sentence is about a file here: then it stands in its row already.
  tellsOf(sentence) {
    return [...this.#list.querySelectorAll("bdi")].some((name) => sentence.startsWith(`${name.textContent}: `));
  }

  #isUnusable(row) {
    return row.classList.contains("refused") || ("table" in row.dataset && this.#input.name !== "table");
  }

  // What the server has, for a form that is filled in again.
  get told() {
    return [...this.#list.children].filter((row) => row.dataset.key).map((row) => ({
      id: row.dataset.key,
      name: row.querySelector("bdi").textContent,
      state: row.querySelector("[data-state]").textContent,
      refused: row.classList.contains("refused"),
      pages: Number(row.dataset.pages ?? 0),
      is_table: "table" in row.dataset,
    }));
  }

  add(files) {
    if (!this.#input.multiple) {
      if (files.length > 1) return false;
      if (files.length) this.clear();
    }
    for (const file of files) {
      const row = this.#row(file.name);
      this.#rows.set(row, { file });
      this.#list.append(row);
      this.#enqueue(row);
    }
    this.sum();
    return true;
  }

  // Rows of files that the server has had since before this page was loaded.
  restore(told) {
    for (const one of told) {
      if (this.#list.querySelector(`[data-key="${CSS.escape(one.id)}"]`)) continue;
      const row = this.#row(one.name);
      this.#list.append(row);
      this.#has(row, one);
      row.querySelector("[data-state]").textContent = one.state;
    }
    this.sum();
  }

  clear() {
    for (const row of [...this.#list.children]) this.#remove(row);
  }

  // After the way of reading has changed.
  readAgain() {
    for (const row of this.#list.children) {
      if (row.dataset.key && !("table" in row.dataset)) this.#enqueue(row);
    }
    this.sum();
  }

  sum() {
    const rows = [...this.#list.children];
    const count = (name) => rows.filter((row) => row.classList.contains(name)).length;
    const on = count("going"), failed = count("failed"), refused = count("refused");
    const tables = this.unusable.length - refused;
    const done = rows.length - on - failed - refused - tables;
    const said = [];
    if (rows.length > 1 || on || failed) said.push(`${done} of ${rows.length} file${rows.length === 1 ? "" : "s"} ready`);
    if (on) said.push(`${on} on the way`);
    if (failed) said.push(`${failed} not sent`);
    if (refused) said.push(`${refused} refused`);
    if (tables) said.push(tables === 1 ? "1 is a table" : `${tables} are tables`);
    const place = this.#place.querySelector("[data-files-sum]");
    const words = said.join(", ") + (said.length ? "." : "");
    if (place.textContent !== words) place.textContent = words;
    const button = this.#place.querySelector("[data-leave-out]");
    button.hidden = !(refused + failed) || rows.length < 2;
    const few = refused + failed === 1 ? "one" : refused + failed;
    button.textContent = `Leave out the ${few} that cannot be queued`;
  }

  #row(name) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.querySelector("bdi").textContent = name;
    row.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${name}`);
    return row;
  }

  #press(event) {
    const button = event.target.closest("button");
    const row = event.target.closest("li");
    if (!button || !row) return;
    event.preventDefault();
    if ("remove" in button.dataset) {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      this.#remove(row);
      (next?.querySelector("[data-remove]") ?? this.#input).focus();
      this.#tell();
    } else if ("again" in button.dataset) {
      this.#enqueue(row);
      this.sum();
      row.querySelector("[data-remove]").focus();
    } else if ("partial" in button.dataset) {
      const { accept_partial: box } = this.#form.elements;
      box.checked = true;
      box.dispatchEvent(new Event("change", { bubbles: true }));
      row.querySelector("[data-remove]").focus();
    }
  }

  #remove(row) {
    const about = this.#rows.get(row);
    about?.request?.abort();
    this.#queue = this.#queue.filter((one) => one !== row);
    if (row.dataset.key && !this.#form.elements.quote) this.#post(`/${row.dataset.key}/drop`, new FormData());
    this.#rows.delete(row);
    row.remove();
    this.sum();
  }

  #enqueue(row) {
    this.#say(row, "Waiting", "going");
    this.#queue.push(row);
    this.#next();
  }

  #next() {
    while (this.#running < SIDE_BY_SIDE && this.#queue.length) {
      const row = this.#queue.shift();
      this.#running += 1;
      this.#go(row).finally(() => {
        this.#running -= 1;
        this.sum();
        this.#next();
        if (!this.isBusy) this.#tell();
      });
    }
  }

  async #go(row) {
    const body = new FormData();
    for (const name of ["read_as", "accept_partial"]) {
      const field = this.#form.elements[name];
      if (field && (field.type !== "checkbox" || field.checked)) body.append(name, field.value);
    }
    try {
      if (row.dataset.key) {
        this.#say(row, "Reading…", "going");
        return this.#has(row, await this.#post(`/${row.dataset.key}/read`, body, row));
      }
      const { file } = this.#rows.get(row);
      const isTable = this.#input.name === "table" || TABLES.test(file.name);
      const most = Number(this.#place.dataset.most);
      if (!isTable && most && file.size > most) {
        this.#refuse(row, `The file is too large: at most ${Math.floor(most / 1e6)} MB are accepted.`);
        return;
      }
      body.append("field", isTable ? "table" : "document");
      body.append("file", file);
      this.#has(row, await this.#post("", body, row));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#say(row, error.message, "failed");
      this.#action(row, "again", "Try again");
    }
  }

  // Not fetch: only XMLHttpRequest tells how much has been sent.
  #post(path, body, row) {
    const request = new XMLHttpRequest();
    if (row) this.#rows.set(row, { ...this.#rows.get(row), request });
    const { csrfmiddlewaretoken: token } = this.#form.elements;
    request.open("POST", this.#place.dataset.to + path);
    request.setRequestHeader("X-CSRFToken", token.value);
    if (row) request.upload.addEventListener("progress", (event) => this.#sent(row, event));
    return new Promise((resolve, reject) => {
      const fail = (words, name = "Error") => reject(Object.assign(new Error(words), { name }));
      request.addEventListener("abort", () => fail("", "AbortError"));
      request.addEventListener("error", () => fail("Not sent: the connection was lost."));
      request.addEventListener("load", () => {
        let told;
        try {
          told = JSON.parse(request.responseText || "{}");
        } catch {
          // The page for signing in, or that of a fault.
          const isOut = request.status === 200;
          return fail(isOut ? "Not sent: you were signed out." : "Not sent: the server had a fault.");
        }
        if (request.status < 300) return resolve(told);
        fail(`Not sent: ${told.error ?? "the server refused it."}`);
      });
      request.send(body);
    });
  }

  #sent(row, event) {
    if (!event.lengthComputable || !row.isConnected || row.dataset.key) return;
    const percent = Math.floor((event.loaded / event.total) * 100);
    if (percent >= 100) return this.#say(row, this.#input.name === "table" ? "Storing…" : "Reading…", "going");
    this.#say(row, `Uploading ${percent} %`, "going");
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = percent;
    bar.setAttribute("aria-label", `Upload of ${row.querySelector("bdi").textContent}`);
    row.querySelector("[data-state]").append(bar);
  }

  #has(row, told) {
    row.dataset.key = told.id;
    row.dataset.pages = told.pages ?? 0;
    row.querySelector("[data-remove]").value = told.id;
    let field = row.querySelector('input[name="upload"]');
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = "upload";
      row.append(field);
    }
    field.value = told.id;
    if (told.is_table) row.dataset.table = "";
    if (told.refused) {
      this.#refuse(row, told.refused);
      if (told.is_partial) this.#action(row, "partial", "Take the part that can be read");
      return;
    }
    const pages = told.pages ? `Read: ${counted(told.pages)} page${told.pages === 1 ? "" : "s"}` : "Read";
    this.#say(row, told.is_table ? "A table" : pages, "");
    if (told.is_table && this.#input.name !== "table") this.#offerTable(row);
  }

  #refuse(row, why) {
    this.#say(row, `Refused: ${why}`, "refused");
  }

  #offerTable(row) {
    row.querySelector("[data-state]").textContent = "A table: each of its rows can become a document";
    const link = document.createElement("a");
    link.className = "button small";
    link.href = `/collections/new?upload=${row.dataset.key}&job_type=${this.#form.elements.job_type.value}`;
    link.textContent = "Set it up as a table";
    row.querySelector(".file-actions").prepend(link);
  }

  #say(row, words, state) {
    row.classList.remove("going", "failed", "refused");
    if (state) row.classList.add(state);
    row.querySelector("[data-state]").textContent = words;
    for (const one of row.querySelectorAll("[data-again], [data-partial], .file-actions a")) one.remove();
  }

  #action(row, name, words) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.dataset[name] = "";
    button.textContent = words;
    button.setAttribute("aria-label", `${words}: ${row.querySelector("bdi").textContent}`);
    row.querySelector(".file-actions").prepend(button);
  }

  #tell() {
    this.#changed();
  }
}

// The command menu: Ctrl+K (Cmd+K) finds pages, actions, and jobs and collections by name.
//
// A combobox whose list is always open: the focus stays in the field, and aria-activedescendant
// says which option is chosen. What stands in the page is filtered at once; the server is asked
// for names a moment later.

const DELAY = 150;
const SPRITE = () => document.querySelector(".brand use, .mark use").href.baseVal.split("#")[0];

export function startCommand() {
  const dialog = document.getElementById("command");
  if (!dialog) return;
  const menu = new Menu(dialog);
  for (const button of document.querySelectorAll("[data-command]")) {
    button.hidden = false;
    button.addEventListener("click", () => menu.open());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    dialog.open ? dialog.close() : menu.open();
  });
}

class Menu {
  #dialog;
  #field;
  #list;
  #told;
  #own;
  #timer = 0;
  #asked = null;
  #chosen = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#field = dialog.querySelector("input");
    this.#list = dialog.querySelector("[role=listbox]");
    this.#told = dialog.querySelector("[data-told]");
    this.#own = [...this.#list.children];
    this.#own.forEach((option, number) => (option.id = `command-${number}`));
    this.#field.addEventListener("input", () => this.#filter());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#run(event.target.closest("[role=option]")));
    this.#list.addEventListener("mousemove", (event) => this.#choose(event.target.closest("[role=option]")));
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open() {
    if (document.querySelector("dialog[open]")) return;
    this.#dress();
    this.#field.value = "";
    this.#filter();
    this.#dialog.showModal();
    this.#field.focus();
  }

  // Its looks are fetched when it is opened for the first time: most pages never need them.
  #dress() {
    const { styles } = this.#dialog.dataset;
    if (!styles) return;
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: styles });
    document.head.append(link);
    delete this.#dialog.dataset.styles;
  }

  get #shown() {
    return [...this.#list.children].filter((option) => !option.hidden);
  }

  #filter() {
    const text = this.#field.value.trim().toLowerCase();
    const words = text.split(/\s+/);
    for (const option of this.#own) {
      const about = `${option.querySelector("span").textContent} ${option.dataset.words ?? ""}`.toLowerCase();
      option.hidden = !words.every((word) => about.includes(word));
    }
    for (const option of this.#list.querySelectorAll("[data-found]")) option.remove();
    this.#choose(this.#shown[0]);
    clearTimeout(this.#timer);
    this.#asked?.abort();
    if (text.length >= 2) this.#timer = setTimeout(() => this.#find(this.#field.value.trim()), DELAY);
    else this.#say();
  }

  async #find(text) {
    const asked = (this.#asked = new AbortController());
    try {
      const address = `${this.#dialog.dataset.find}?search=${encodeURIComponent(text)}`;
      const response = await fetch(address, { signal: asked.signal, redirect: "error" });
      if (!response.ok || this.#field.value.trim() !== text) return;
      const { results } = await response.json();
      results.forEach((one, number) => this.#list.append(optionOf(one, number)));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#told.textContent = "The server cannot be reached: only pages and actions are found.";
      return;
    }
    if (!this.#chosen) this.#choose(this.#shown[0]);
    this.#say();
  }

  #say() {
    const count = this.#shown.length;
    this.#told.textContent = count ? `${count} found` : "Nothing is called so.";
  }

  #choose(option) {
    if (option === this.#chosen && option?.isConnected) return;
    if (!option && this.#shown.length) return;
    this.#chosen?.removeAttribute("aria-selected");
    this.#chosen = option ?? null;
    option?.setAttribute("aria-selected", "true");
    if (option) this.#field.setAttribute("aria-activedescendant", option.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const shown = this.#shown;
    const here = shown.indexOf(this.#chosen);
    const steps = {
      ArrowDown: (here + 1) % shown.length,
      ArrowUp: (here - 1 + shown.length) % shown.length,
      PageDown: Math.min(here + 8, shown.length - 1),
      PageUp: Math.max(here - 8, 0),
    };
    if (event.key === "Enter") {
      event.preventDefault();
      this.#run(this.#chosen);
    } else if (event.key in steps && shown.length) {
      event.preventDefault();
      this.#choose(shown[steps[event.key]]);
      this.#chosen.scrollIntoView({ block: "nearest" });
    }
  }

  #run(option) {
    if (!option || option.hidden) return;
    this.#dialog.close();
    if (option.dataset.go) location.assign(option.dataset.go);
    else document.querySelector(option.dataset.press)?.click();
  }
}

// Built of nodes: what was found is named by people, and is text.
function optionOf({ title, hint, url, icon }, number) {
  const option = document.createElement("li");
  option.id = `command-found-${number}`;
  option.setAttribute("role", "option");
  option.dataset.go = url;
  option.dataset.found = "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${SPRITE()}#${icon}`);
  svg.append(use);
  const name = Object.assign(document.createElement("span"), { textContent: title, dir: "auto" });
  option.append(svg, name, Object.assign(document.createElement("small"), { textContent: hint }));
  return option;
}
